// A text to be copied to the clipboard. Where the page came over plain HTTP from another computer, browsers offer no
// navigator.clipboard, but still the older way.
export default {
  template: `
    <div>
      <textarea ref="text" class="mono" readonly spellcheck="false" :rows="rows" :aria-label="label"
                @focus="$refs.text.select()">{{ text }}</textarea>
      <div class="bar">
        <button type="button" class="btn" @click="copy">{{ words.copy }}</button>
        <span role="status" class="soft">{{ said }}</span>
      </div>
    </div>`,
  props: { text: String, label: String, words: Object },
  data() {
    return { said: "" };
  },
  computed: {
    rows() {
      return this.text.split("\n").length;
    },
  },
  methods: {
    async copy() {
      let done = false;
      try {
        await navigator.clipboard.writeText(this.text);
        done = true;
      } catch {
        this.$refs.text.select();
        done = document.execCommand("copy");
      }
      this.said = done ? this.words.copied : this.words.copy_failed;
    },
  },
};
