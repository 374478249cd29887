// navigator.serial of a Chromium with one board, which is at the other end of a web socket: serial_bridge.py. As the
// real one (WICG, Web Serial API): a port that is open does not open again, close() fails while a stream is locked,
// after cancel() there is a new stream, and what comes while nobody reads waits. Opening a port raises DTR and RTS, as
// Linux does (drivers/tty/serial/serial_core.c, uart_startup()), and closing lowers both.
(() => {
  class Port extends EventTarget {
    #socket = null;
    #waiting = [];
    #controller = null;
    #readable = null;
    #writable = null;

    getInfo() {
      return { usbVendorId: 0x10c4, usbProductId: 0xea60 };
    }
    async open({ baudRate }) {
      if (this.#socket) throw new DOMException("The port is already open.", "InvalidStateError");
      const socket = new WebSocket(WEB_SERIAL);
      socket.binaryType = "arraybuffer";
      await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: () => reject(new DOMException("Failed to open serial port.", "NetworkError")) }));
      socket.onmessage = ({ data }) => {
        if (this.#controller) this.#controller.enqueue(new Uint8Array(data));
        else this.#waiting.push(new Uint8Array(data));
      };
      this.#socket = socket;
      this.#signal({ baud: baudRate, dtr: true, rts: true });
    }
    get readable() {
      if (this.#socket && !this.#readable) {
        this.#readable = new ReadableStream({
          start: (controller) => {
            this.#controller = controller;
            for (const data of this.#waiting.splice(0)) controller.enqueue(data);
          },
          cancel: () => {
            this.#controller = this.#readable = null;
          },
        });
      }
      return this.#readable;
    }
    get writable() {
      if (this.#socket && !this.#writable) {
        this.#writable = new WritableStream({
          write: (data) => this.#socket.send(data),
          close: () => void (this.#writable = null),
          abort: () => void (this.#writable = null),
        });
      }
      return this.#writable;
    }
    async setSignals({ dataTerminalReady, requestToSend }) {
      this.#signal({ dtr: dataTerminalReady, rts: requestToSend });
    }
    async close() {
      if (!this.#socket) throw new DOMException("The port is already closed.", "InvalidStateError");
      if (this.#readable?.locked || this.#writable?.locked) throw new TypeError("Cannot cancel a locked stream");
      this.#signal({ rts: false, dtr: false });
      const socket = this.#socket;
      this.#socket = this.#readable = this.#writable = this.#controller = null;
      this.#waiting = [];
      socket.close();
      await new Promise((resolve) => (socket.onclose = resolve));
    }
    #signal(lines) {
      this.#socket.send(JSON.stringify(lines));
    }
  }

  const serial = new EventTarget();
  const port = new Port();
  serial.requestPort = async () => port;
  serial.getPorts = async () => [port];
  Object.defineProperty(navigator, "serial", { value: serial });
})();
