// Of which zone the page's times are: the console's, also where the browser is in another one.
export default {
  template: `<footer class="soft">{{ said }}</footer>`,
  props: { zone: String, words: Object },
  computed: {
    said() {
      const parts = new Intl.DateTimeFormat("en", { timeZoneName: "longOffset" }).formatToParts();
      const name = parts.find((part) => part.type === "timeZoneName").value;
      const here = name === "GMT" ? "UTC+00:00" : name.replace("GMT", "UTC");
      const words = this.zone === here ? this.words.in_zone : this.words.in_other_zone;
      return words.replace("{zone}", this.zone).replace("{here}", here);
    },
  },
};
