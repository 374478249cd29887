"""The names under which programs know umqtt: simple and robust, made of mqtt."""
