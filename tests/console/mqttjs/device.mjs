// A device made of mqtt.js: node device.mjs PORT DEVICE PRODUCT AUTH_INFO [CLEAN]
//
// Takes a task per line of standard input, as {"publish": topic, "hex": payload, "qos": 0}, {"subscribe": topic} and
// {"end": true}, and answers each with a line. Prints a line for whatever comes, and answers commands with their own
// payload in upper case.
import readline from "node:readline";
import { createRequire } from "node:module";

// From where npm put it, which is not beside this file.
const { default: mqtt } = await import(createRequire(`${process.env.MODULES}/`).resolve("mqtt"));

const [port, device, product, authInfo, clean] = process.argv.slice(2);
const tell = (what) => console.log(JSON.stringify(what));

const client = mqtt.connect({
  host: "127.0.0.1",
  port: Number(port),
  protocolVersion: 4,
  clientId: device,
  username: product,
  password: authInfo,
  clean: clean !== "kept",
  keepalive: 10,
  reconnectPeriod: 500,
});

client.on("connect", (connack) => tell({ connected: connack.returnCode, present: connack.sessionPresent }));
client.on("error", (error) => tell({ error: error.code ?? error.message }));
client.on("message", (topic, payload, message) => {
  tell({ topic, hex: payload.toString("hex"), qos: message.qos });
  if (topic.startsWith("$creq/")) client.publish(`$crsp/${topic.slice(6)}`, payload.toString().toUpperCase());
});

for await (const line of readline.createInterface({ input: process.stdin })) {
  const task = JSON.parse(line);
  try {
    if (task.publish) {
      await client.publishAsync(task.publish, Buffer.from(task.hex, "hex"), { qos: task.qos });
      tell({ published: task.publish });
    } else if (task.subscribe) {
      const granted = await client.subscribeAsync(task.subscribe, { qos: task.qos });
      tell({ subscribed: granted.map((one) => one.qos) });
    } else {
      await client.endAsync();
      tell({ ended: true });
      break;
    }
  } catch (error) {
    tell({ failed: error.message });
  }
}
