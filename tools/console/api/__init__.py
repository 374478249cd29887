"""The HTTP API of api.heclouds.com.

Where the order of the fields in an answer comes from, for real programs look for the next field by strstr and sscanf:

[live]  answers as users have logged them: register_de by RT-Thread's package onenet (its README), devices, data
        streams, data points, bindata and triggers in a maker's notes of 2016 to 2018, a command's uuid in an app of
        2019. All of them have {"errno":0,"data":…,"error":"succ"} in one line, without spaces.
[API n] the examples in OneNET's documents of 多协议接入, 开发指南, API, by their numbers there, as 4.查询设备详情.
        They are printed by people, and have data last in 16 and 18, where [live] has it in the middle.
[设备命令] the document of POST /v1/synccmds, of the MQTT物联网套件; nobody has logged an answer of it.
[AT]    a cellular module's handbook, with answers of 2017.
"""

from .routes import add_api

__all__ = ["add_api"]
