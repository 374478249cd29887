// A data stream: its last value, and a chart of its numbers or a list of its last other values.
// A point is [milliseconds, number or null, text]. The chart gets numbers and times only, no text of the device's.
import { echarts } from "nicegui-echart";
import { away, clock } from "clock";

const KEPT = 300; // points
const CLOCK = { day: "{MM}-{dd}", hour: "{HH}:{mm}", minute: "{HH}:{mm}", second: "{HH}:{mm}:{ss}" };
const LISTED = 5; // values that are no numbers

export default {
  template: `
    <article class="card stream" :aria-label="name">
      <header>
        <h3><a :href="page"><bdi>{{ name }}</bdi></a></h3>
        <a class="quiet" :href="csv" :aria-label="words.csv_of" download>CSV</a>
      </header>
      <p class="last"><bdi class="value" :class="{ long: headline.length > 14 }">{{ headline }}</bdi><bdi
         v-if="meant.unit" class="unit"> {{ meant.unit }}</bdi></p>
      <p class="soft"><time>{{ clock(last[0]) }}</time><span v-if="meant.range"> · {{ meant.range }}</span></p>
      <p v-if="silent" class="note">{{ words.silent_since.replace("{time}", clock(last[0])) }}</p>
      <div v-show="numbers.length" ref="chart" class="chart" role="img" :aria-label="spoken"
           :data-points="numbers.length"></div>
      <table v-if="places" class="places">
        <thead><tr><th>{{ words.time }}</th><th>{{ words.longitude }}</th><th>{{ words.latitude }}</th></tr></thead>
        <tbody>
          <tr v-for="point in [last, ...recent]" :key="point[0]">
            <td><time>{{ clock(point[0]) }}</time></td><td>{{ degrees(point[3]) }}</td><td>{{ degrees(point[4]) }}</td>
          </tr>
        </tbody>
      </table>
      <ol v-else-if="!numbers.length" class="values" :aria-label="words.recent_values">
        <li v-for="point in recent" :key="point[0]">
          <time class="soft">{{ clock(point[0]) }}</time><bdi>{{ worded(point[2]) }}</bdi>
        </li>
      </ol>
    </article>`,
  props: { name: String, page: String, csv: String, initial: Array, words: Object, meant: Object, zone: String },
  data() {
    return { points: this.initial, now: Date.now() };
  },
  computed: {
    last() {
      return this.points[this.points.length - 1] ?? [0, null, ""];
    },
    numbers() {
      return this.points.filter((point) => point[1] !== null).map((point) => [point[0], point[1]]);
    },
    steps() {
      // true and false, or numbers that are words: what is between two of them is none
      return this.truth || Object.keys(this.meant.choices).length > 0;
    },
    truth() {
      const drawn = this.points.filter((point) => point[1] !== null);
      return drawn.length > 0 && drawn.every((point) => point[2] === "true" || point[2] === "false");
    },
    headline() {
      return this.places ? this.degrees(this.last[3]) + ", " + this.degrees(this.last[4]) : this.worded(this.last[2]);
    },
    places() {
      return this.last.length > 3;
    },
    silent() {
      // for ten times as long as between most of its points, and a minute; a day where there are few
      const pauses = this.points.slice(1).map((point, i) => point[0] - this.points[i][0]);
      pauses.sort((a, b) => a - b);
      const usual = pauses[Math.floor(pauses.length * 0.75)];
      const most = pauses.length < 3 ? 86_400_000 : Math.max(60_000, 10 * usual);
      return this.last[0] > 0 && this.now - this.last[0] > most;
    },
    recent() {
      return this.points.slice(-LISTED - 1, -1).reverse();
    },
    spoken() {
      const values = this.numbers.map((point) => point[1]);
      if (!values.length) return this.words.chart_of;
      const facts = {
        count: values.length,
        first: this.clock(this.numbers[0][0]),
        last: this.clock(this.numbers[values.length - 1][0]),
        low: Math.min(...values),
        high: Math.max(...values),
      };
      return this.words.chart_of + ": " + this.words.chart_numbers.replace(/{(\w+)}/g, (_, key) => facts[key]);
    },
  },
  mounted() {
    this.ticking = setInterval(() => (this.now = Date.now()), 5000);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.$refs.chart);
    this.darkness = window.matchMedia("(prefers-color-scheme: dark)");
    this.darkness.addEventListener("change", this.draw);
  },
  beforeUnmount() {
    clearInterval(this.ticking);
    this.sizes.disconnect();
    this.darkness.removeEventListener("change", this.draw);
    this.chart?.dispose();
  },
  methods: {
    append(points) {
      const byTime = new Map([...this.points, ...points].map((point) => [point[0], point]));
      this.points = [...byTime.values()].sort((a, b) => a[0] - b[0]).slice(-KEPT);
      this.$nextTick(this.draw);
    },
    worded(text) {
      return Object.hasOwn(this.meant.choices, text) ? this.meant.choices[text] : text;
    },
    degrees(number) {
      return number === undefined ? "" : number.toFixed(5);
    },
    marked(number) {
      const text = this.truth ? (number ? "true" : "false") : String(number);
      if (!this.steps) return text;
      const word = Object.hasOwn(this.meant.choices, text) ? this.meant.choices[text] : this.truth ? text : "";
      return word.length > 8 ? word.slice(0, 7) + "…" : word;
    },
    clock(milliseconds) {
      return milliseconds ? clock(milliseconds, this.zone) : "";
    },
    draw() {
      const box = this.$refs.chart;
      if (!box?.clientWidth || !this.numbers.length) return;
      this.chart ??= echarts.init(box, null, { locale: document.documentElement.lang.startsWith("zh") ? "ZH" : "EN" });
      this.chart.resize();
      const style = getComputedStyle(document.body);
      const [ink, line, card, accent] = ["--soft", "--line", "--card", "--accent"].map((name) =>
        style.getPropertyValue(name).trim(),
      );
      const text = { color: ink, fontSize: 11, fontFamily: style.fontFamily };
      const shift = away(this.zone);
      this.chart.setOption({
        animation: false,
        useUTC: true,
        grid: { left: 4, right: 26, top: 12, bottom: 4, containLabel: true },
        xAxis: {
          type: "time",
          axisLine: { lineStyle: { color: line } },
          axisTick: { show: false },
          axisLabel: { ...text, hideOverlap: true, alignMinLabel: "left", alignMaxLabel: "right", formatter: CLOCK },
          splitNumber: 3,
        },
        yAxis: {
          type: "value",
          scale: true,
          splitNumber: 3,
          axisLabel: { ...text, formatter: this.marked },
          ...(this.steps ? { minInterval: 1 } : {}),
          ...(this.truth ? { min: 0, max: 1, interval: 1 } : {}),
          splitLine: { lineStyle: { color: line } },
        },
        tooltip: {
          trigger: "axis",
          renderMode: "richText", // drawn, not HTML
          backgroundColor: card,
          borderColor: line,
          textStyle: text,
          formatter: ([point]) =>
            this.clock(point.value[0] - shift) + "   " + (this.steps ? this.marked(point.value[1]) : point.value[1]),
        },
        series: [
          {
            type: "line",
            step: this.steps ? "end" : false,
            data: this.numbers.map(([at, number]) => [at + shift, number]),
            showSymbol: this.numbers.length < 30,
            symbolSize: 5,
            lineStyle: { color: accent, width: 2 },
            itemStyle: { color: accent },
            areaStyle: this.steps ? null : { color: accent, opacity: 0.1, origin: "start" },
          },
        ],
      });
    },
  },
};
