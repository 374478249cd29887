// Where a package is chosen, or dropped. It goes to the console as any program's would, and Python is told the answer.
const MOST = 4 * 1024 * 1024; // bytes

export default {
  template: `
    <div class="drop" :class="{ over: dragged }" @dragover.prevent="dragged = true" @dragleave="dragged = false"
         @drop.prevent="dropped">
      <label class="btn quiet">{{ words.choose_package }}
        <input type="file" accept=".pkg" :aria-label="words.choose_package" @change="chosen"></label>
      <span class="soft">{{ words.drop_package }}</span>
      <p v-if="reading" class="soft" role="status">{{ reading }}</p>
      <p v-if="trouble" class="trouble" role="alert">{{ trouble }}</p>
    </div>`,
  props: { address: String, words: Object },
  emits: ["kept"],
  data() {
    return { dragged: false, reading: "", trouble: "" };
  },
  methods: {
    chosen(event) {
      this.send(event.target.files[0]);
      event.target.value = ""; // so that the same file can be chosen again
    },
    dropped(event) {
      this.dragged = false;
      this.send(event.dataTransfer.files[0]);
    },
    async send(file) {
      if (!file) return;
      this.trouble = file.size > MOST ? this.words.package_large : "";
      if (this.trouble) return;
      this.reading = this.words.sending_package.replace("{name}", file.name);
      try {
        const answer = await (await fetch(this.address, { method: "POST", body: file })).json();
        if (answer.errno) this.trouble = answer.error;
        else this.$emit("kept", answer.data.digest);
      } catch (error) {
        this.trouble = this.words.package_failed.replace("{words}", error.message);
      }
      this.reading = "";
    },
  },
};
