// A board at the computer of the browser: flashed by esptool-js, set up by Improv, and its log shown. The libraries are
// loaded once a port is chosen. All text is interpolated, so it is text whatever is in it.
import { markRaw } from "vue";

const BAUD = 115200;
const FLASH_BAUD = 460800;
const SETTINGS = 0xc0; // the command of ours, see firmware/improv.py
const PIECE = 200; // bytes of settings in a command
const ENTER = 1000; // ms from one to the next
const STARTING = 40000; // ms for a board to start
const JOINING = 40000;
const ANSWERING = 30000;
const LINES = 12;
const PART = 131072; // bytes that are compressed and written at a time: more would keep the page from answering
const RESET = 100; // ms

// Of an image, without those that are as a flash is that has been erased.
function parts({ data, address }) {
  const found = [];
  for (let at = 0; at < data.length; at += PART) {
    const part = data.slice(at, at + PART);
    if (!part.every((byte) => byte === 0xff)) found.push({ data: part, address: address + at });
  }
  return found;
}

export default {
  template: `
    <div class="board-setup">
      <p v-if="!able" class="note" role="note">{{ words.no_serial }}</p>
      <template v-else>
        <div class="bar">
          <button type="button" class="btn" :disabled="busy" @click="choose">
            {{ port ? words.another_port : words.choose_port }}</button>
          <span v-if="port" class="soft">{{ words.port_is.replace("{name}", name) }}</span>
        </div>
        <p v-if="trouble" class="trouble" role="alert">{{ trouble }}</p>
        <p v-if="said" class="soft" role="status">{{ said }}</p>
        <section v-if="port" class="card">
          <h2>{{ words.flash }}</h2>
          <p class="soft">{{ words.flash_hint }}</p>
          <div class="bar">
            <select v-model="source" class="search" :aria-label="words.choose_image" :disabled="busy">
              <option value="here">{{ words.image_here }}</option>
              <option value="file">{{ words.image_file }}</option>
            </select>
            <input v-if="source === 'file'" type="file" accept=".bin" :aria-label="words.choose_image"
                   :disabled="busy" @change="file = $event.target.files[0]">
            <button type="button" class="btn danger" :disabled="busy || (source === 'file' && !file)" @click="flash">
              {{ words.flash_now }}</button>
          </div>
          <progress v-if="share !== null" max="100" :value="share" :aria-label="words.flash"></progress>
        </section>
        <section v-if="port" class="card">
          <h2>{{ words.set_up }}</h2>
          <p class="soft">{{ words.set_up_hint }}</p>
          <button v-if="!networks" type="button" class="btn" :disabled="busy" @click="talk">{{ words.set_up_now }}</button>
          <form v-else class="fields" @submit.prevent="send">
            <label>{{ words.which_device }}
              <select v-model="device" class="search" required :disabled="busy">
                <option v-for="it in devices" :key="it.id" :value="it.id">{{ it.title }}</option>
              </select></label>
            <label>{{ words.network }}
              <select v-model="ssid" class="search" :disabled="busy">
                <option v-for="it in networks" :key="it.name" :value="it.name">{{ it.name }} ({{ it.rssi }} dBm)</option>
                <option value="">{{ words.other_network }}</option>
              </select></label>
            <label v-if="!ssid">{{ words.other_network }}
              <input v-model="other" class="search" required maxlength="32" autocomplete="off" :disabled="busy"></label>
            <label>{{ words.wifi_password }}
              <input v-model="password" class="search" type="password" maxlength="64" autocomplete="off"
                     :disabled="busy"></label>
            <button type="submit" class="btn" :disabled="busy || !device">{{ words.send_settings }}</button>
          </form>
        </section>
        <section v-if="lines.length" class="card">
          <h2>{{ words.board_says }}</h2>
          <pre class="steps" role="log" :aria-label="words.board_says" tabindex="0">{{ lines.join("\\n") }}</pre>
        </section>
      </template>
    </div>`,
  props: { devices: Array, chosen: String, words: Object },
  emits: ["chosen"],
  data() {
    return {
      able: "serial" in navigator,
      port: null,
      name: "",
      busy: false,
      said: "",
      trouble: "",
      source: "here",
      file: null,
      share: null,
      networks: null,
      device: this.chosen,
      ssid: "",
      other: "",
      password: "",
      lines: [],
      sent: "", // the device that the board was told to be
    };
  },
  beforeUnmount() {
    this.hush().then(() => this.port && this.shut());
  },
  methods: {
    async choose() {
      let port;
      try {
        port = await navigator.serial.requestPort();
      } catch {
        return; // nobody chose one
      }
      await this.hush();
      if (this.port) await this.shut();
      const { usbVendorId, usbProductId } = port.getInfo();
      const hex = (number) => number.toString(16).padStart(4, "0");
      Object.assign(this, { trouble: "", said: "", networks: null, share: null, lines: [] });
      this.name = usbVendorId ? `USB ${hex(usbVendorId)}:${hex(usbProductId)}` : "…";
      this.port = markRaw(port);
    },
    // Does it, and says what went wrong.
    async attempt(work, failure) {
      Object.assign(this, { busy: true, trouble: "", said: "" });
      try {
        await work();
      } catch (error) {
        this.said = "";
        this.trouble = failure.replace("{words}", error.message ?? String(error));
      }
      this.busy = false;
    },

    // Flashing

    flash() {
      this.networks = null;
      return this.attempt(async () => {
        const { ESPLoader, Transport } = await import("/connect/library/esptool.js");
        await import("/connect/library/md5.js");
        await this.hush();
        await this.shut();
        this.said = this.words.asking_chip;
        this.share = 0;
        const transport = new Transport(this.port, false);
        const terminal = { clean() {}, writeLine() {}, write() {} };
        const loader = new ESPLoader({ transport, baudrate: FLASH_BAUD, romBaudrate: BAUD, terminal });
        try {
          await loader.main();
          const chip = loader.chip.CHIP_NAME;
          const image = await this.image(chip, loader);
          this.check(image.data, loader.chip);
          this.said = this.words.erasing;
          const fileArray = parts(image);
          await loader.writeFlash({
            fileArray,
            flashMode: "keep",
            flashFreq: "keep",
            flashSize: chip === "ESP8266" ? "detect" : "keep", // that one believes what its image says
            eraseAll: true,
            compress: true,
            calculateMD5Hash: (data) => window.SparkMD5.ArrayBuffer.hash(data),
            reportProgress: (part, written, total) => {
              this.said = this.words.writing;
              this.share = Math.floor((100 * (part + written / total)) / fileArray.length);
            },
          });
          await this.reset();
          this.said = this.words.flashed.replace("{chip}", chip);
        } finally {
          if (this.port.readable) await transport.disconnect();
          this.share = null;
        }
      }, this.words.flash_failed);
    },
    async image(chip, loader) {
      if (this.source === "file") {
        const data = new Uint8Array(await this.file.arrayBuffer());
        return { data, address: data[0] === 0xff ? 0 : loader.chip.BOOTLOADER_FLASH_OFFSET }; // merged, from 0 on
      }
      this.said = this.words.fetching_image;
      const size = loader.flashSizeBytes(await loader.detectFlashSize());
      const answer = await fetch(`/connect/image/${encodeURIComponent(chip)}?flash=${size}`);
      if (!answer.ok) throw new Error((await answer.json()).error);
      return { data: new Uint8Array(await answer.arrayBuffer()), address: Number(answer.headers.get("x-offset")) };
    },
    // As esptool does: RTS alone holds the chip in reset, and neither lets it run. The hard reset of esptool-js 0.7 has
    // no first half (lib/reset.js, HardReset).
    async reset() {
      await this.port.setSignals({ dataTerminalReady: false, requestToSend: true });
      await new Promise((resolve) => setTimeout(resolve, RESET));
      await this.port.setSignals({ dataTerminalReady: false, requestToSend: false });
    },
    // Before anything is erased. The header is that of Espressif's images: a mark, and the chip they are for.
    check(data, chip) {
      const at = data[0] === 0xff ? chip.BOOTLOADER_FLASH_OFFSET : 0;
      if (data[at] !== 0xe9) throw new Error(this.words.no_image);
      const wanted = chip.IMAGE_CHIP_ID;
      if (wanted !== undefined && (data[at + 12] | (data[at + 13] << 8)) !== wanted) {
        throw new Error(this.words.wrong_chip.replace("{chip}", chip.CHIP_NAME));
      }
    },

    // Setting up

    talk() {
      return this.attempt(async () => {
        const { ImprovSerial } = await import("/connect/library/improv/serial.js");
        await this.hush();
        await this.open();
        this.said = this.words.waiting_for_board;
        await this.untilItListens();
        const quiet = { log() {}, error() {}, debug() {} };
        this.improv = markRaw(new ImprovSerial(this.port, quiet));
        const info = await this.improv.initialize(ANSWERING);
        this.name = `${info.name}, ${info.chipFamily}`;
        this.said = this.words.scanning;
        this.networks = await this.improv.scan();
        this.networks.sort((a, b) => b.rssi - a.rssi);
        this.ssid = this.networks.length ? this.networks[0].name : "";
        this.said = "";
      }, this.words.port_failed);
    },
    send() {
      return this.attempt(async () => {
        const settings = await this.settingsOf(this.device);
        const problems = (await this.give(settings)).filter((text) => !/^wifi[[.:]/.test(text));
        if (problems.length) throw new Error(this.words.refused_settings.replace("{words}", problems.join("; ")));
        this.said = this.words.joining;
        try {
          await this.improv.provision(this.ssid || this.other, this.password, JOINING);
        } catch (error) {
          throw new Error(this.words.not_joined.replace("{words}", error));
        }
        this.said = this.words.settings_sent;
        this.sent = this.device;
        this.password = "";
        this.networks = null;
        await this.hush();
        this.listen();
      }, this.words.port_failed);
    },
    // Python knows the settings of each device.
    settingsOf(device) {
      return new Promise((resolve) => {
        this.waiting = { device, resolve };
        this.$emit("chosen", device);
      });
    },
    take(device, settings) {
      if (this.waiting?.device === device) this.waiting.resolve(settings);
    },
    async give(settings) {
      const data = new TextEncoder().encode(JSON.stringify(settings));
      let problems = [];
      for (let at = 0; at < data.length; at += PIECE) {
        const last = at + PIECE >= data.length ? 1 : 0;
        const piece = [last, ...data.slice(at, at + PIECE)];
        problems = await this.improv._sendRPCWithResponse(SETTINGS, piece);
      }
      return problems;
    },
    // A packet has a Ctrl-C in it: only one that listens gets any. Enter is nothing to others.
    async untilItListens() {
      let said = "";
      const end = performance.now() + STARTING;
      for await (const text of this.texts(ENTER, "\r")) {
        said = (said + text).slice(-4096);
        if (said.includes(" improv: ")) return;
        if (/ (mqtt|wifi): /.test(said)) throw new Error(this.words.is_busy);
        if (said.endsWith(">>> ")) throw new Error(this.words.no_program);
        if (performance.now() > end) throw new Error(this.words.not_listening);
      }
    },

    // The port

    async open() {
      if (!this.port.readable) await this.port.open({ baudRate: BAUD, bufferSize: 8192 });
    },
    async shut() {
      if (this.port.readable) await this.port.close();
    },
    // What comes, "" after so many ms without anything; then it says something each time.
    async *texts(ms, say) {
      const reader = this.port.readable.getReader();
      const decoder = new TextDecoder();
      try {
        let coming = null;
        while (true) {
          if (say) await this.write(say);
          coming = coming ?? reader.read();
          const found = await Promise.race([coming, new Promise((resolve) => setTimeout(resolve, ms))]);
          if (found) coming = null;
          if (found?.done) return;
          yield found ? decoder.decode(found.value, { stream: true }) : "";
        }
      } finally {
        await reader.cancel().catch(() => {});
        reader.releaseLock();
      }
    },
    async write(text) {
      const writer = this.port.writable.getWriter();
      await writer.write(new TextEncoder().encode(text));
      writer.releaseLock();
    },
    // Shows the log until something else is done with the port.
    async listen() {
      this.listens = true;
      let rest = "";
      try {
        for await (const text of this.texts(500)) {
          if (!this.listens) return;
          const pieces = (rest + text).split(/\r?\n/);
          rest = pieces.pop();
          const whole = pieces.filter((line) => line && !line.startsWith("IMPROV"));
          if (whole.length) this.lines = [...this.lines, ...whole].slice(-LINES);
        }
      } catch {
        this.listens = false; // the cable is out
      } finally {
        this.silent?.();
      }
    },
    async hush() {
      const improv = this.improv;
      this.improv = null;
      if (improv) await improv.close();
      if (!this.listens) return;
      const silence = new Promise((resolve) => (this.silent = resolve));
      this.listens = false;
      await silence;
    },
    see(device) {
      if (device === this.sent) this.said = this.words.is_online;
    },
  },
};
