// Streams over a span of time: chosen, by hand, zoomed or moved; their range and mean in it, and a table of values.
// The console gathers what are more points than can be seen (see history.py); here, rows are [milliseconds, mean] or
// [milliseconds, mean, lowest, highest], and a mean of null is a gap. No text of a device's goes into the chart.
import { echarts } from "nicegui-echart";
import { away, clock, full, when } from "clock";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SPANS = [5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY];
const LOOK = 1000; // between looks whether there is something new
const REST = 150; // after the last movement until what is seen now is asked for
const SHORTEST = 1000; // span

export default {
  template: `
    <div class="history">
      <section class="card">
        <div class="chips" role="group" :aria-label="words.span">
          <button v-for="it in spans" :key="it" type="button" class="chip" :aria-pressed="live === it"
                  @click="choose(it)">{{ spelled(it) }}</button>
          <button type="button" class="chip" :aria-pressed="live === 'all'" @click="choose('all')">{{ words.all }}</button>
        </div>
        <form class="by-hand" @submit.prevent="byHand">
          <label>{{ words.from_time }} <input type="datetime-local" step="1" v-model="from" required></label>
          <label>{{ words.to_time }} <input type="datetime-local" step="1" v-model="to" required></label>
          <button class="chip">{{ words.show }}</button>
          <span class="chips moves">
            <button type="button" class="chip" :aria-label="words.earlier" @click="move(-0.5)">←</button>
            <button type="button" class="chip" :aria-label="words.later" @click="move(0.5)">→</button>
            <button type="button" class="chip" :aria-label="words.zoom_in" @click="zoom(0.5)">+</button>
            <button type="button" class="chip" :aria-label="words.zoom_out" @click="zoom(2)">−</button>
          </span>
        </form>
        <p v-if="trouble" class="trouble" role="alert">{{ trouble }}</p>
        <div v-show="rows" ref="chart" class="history-chart" role="img" :aria-label="spoken" :data-rows="rows"
             :data-gathered="gathered > 0"></div>
        <p v-if="loaded && !rows" class="nothing">{{ words.nothing_to_draw }}</p>
        <p v-if="rows" class="soft">{{ caption }}</p>
        <div v-if="rows || streams.length > 1" class="wide">
          <table class="facts">
            <thead><tr>
              <th>{{ words.stream }}</th><th>{{ cursor ? clock(cursor) : words.value }}</th><th>{{ words.minimum }}</th>
              <th>{{ words.mean }}</th><th>{{ words.maximum }}</th><th>{{ words.points }}</th><th></th>
            </tr></thead>
            <tbody>
              <tr v-for="(stream, i) in streams" :key="stream.id">
                <th scope="row"><span class="mark" :style="{ background: 'var(--line-' + (i + 1) + ')' }"></span><bdi>{{
                  stream.name }}</bdi><span v-if="stream.unit" class="soft unit">{{ stream.unit }}</span></th>
                <td class="now" :data-name="cursor ? clock(cursor) : words.value">{{ at(i) }}</td>
                <td :data-name="words.minimum">{{ fact(i, "low") }}</td>
                <td :data-name="words.mean">{{ fact(i, "mean") }}</td>
                <td :data-name="words.maximum">{{ fact(i, "high") }}</td>
                <td :data-name="words.points">{{ facts[i]?.count ?? 0 }}</td>
                <td><button v-if="streams.length > 1" type="button" class="chip" @click="without(stream.id)"
                            :aria-label="words.take_away + ': ' + stream.name">×</button></td>
              </tr>
            </tbody>
          </table>
        </div>
        <select v-if="others.length" class="search" :aria-label="words.lay_over" @change="lay($event.target)">
          <option value="">{{ words.lay_over }}</option>
          <option v-for="(stream, i) in others" :key="stream.id" :value="i">{{ stream.name }}</option>
        </select>
      </section>
      <section class="card">
        <h2>{{ words.values }}</h2>
        <div class="wide">
          <table class="rows" :class="{ located: places }" v-if="table.length">
            <thead><tr>
              <th>{{ words.time }}</th><th v-if="streams.length > 1">{{ words.stream }}</th>
              <template v-if="places"><th>{{ words.longitude }}</th><th>{{ words.latitude }}</th></template>
              <th>{{ words.value }}</th>
            </tr></thead>
            <tbody>
              <tr v-for="(row, i) in table" :key="i">
                <td><time>{{ full(row[0]) }}</time></td>
                <td v-if="streams.length > 1" class="name"><bdi>{{ streams[row[1]].name }}</bdi></td>
                <template v-if="places"><td>{{ row[3] }}</td><td>{{ row[4] }}</td></template>
                <td><bdi>{{ worded(row[1], row[2]) }}</bdi></td>
              </tr>
            </tbody>
          </table>
        </div>
        <p v-if="loaded && !table.length" class="nothing">{{ words.nothing_in_span }}</p>
        <nav class="pager" v-if="more || turned">
          <button type="button" class="chip" :disabled="!turned" @click="turn('')">{{ words.newest }}</button>
          <button type="button" class="chip" :disabled="!more" @click="turn(more)">{{ words.older }}</button>
        </nav>
      </section>
    </div>`,
  props: { home: String, streams: Array, others: Array, words: Object, zone: String },
  data() {
    const asked = new URLSearchParams(location.search);
    const [start, end] = [Number(asked.get("start")), Number(asked.get("end"))];
    const live = asked.get("span") === "all" ? "all" : Number(asked.get("span")) || HOUR;
    return {
      spans: SPANS,
      live: start && end > start ? null : live, // the span up to now, "all", or null for one that stays where it is
      view: start && end > start ? { start, end } : { start: Date.now() - HOUR, end: Date.now() },
      from: "",
      to: "",
      loaded: null,
      cursor: 0,
      trouble: "",
      table: [],
      more: "",
      turned: false,
    };
  },
  computed: {
    rows() {
      return this.loaded?.streams.reduce((sum, it) => sum + it.rows.length, 0) ?? 0;
    },
    facts() {
      return this.loaded?.streams.map((it) => it.facts) ?? [];
    },
    gathered() {
      return this.loaded?.streams.some((it) => it.gathered) ? this.loaded.step : 0;
    },
    places() {
      return this.table.length > 0 && this.table.every((row) => row.length > 3);
    },
    caption() {
      const parts = [this.words.chart_hint];
      if (this.gathered) parts.push(this.words.gathered.replace("{seconds}", +(this.gathered / 1000).toPrecision(2)));
      if (this.loaded?.offline.length) parts.push(this.words.grey_is_offline);
      return parts.join(document.documentElement.lang.startsWith("zh") ? "" : " ");
    },
    spoken() {
      return this.streams
        .map((stream, i) => {
          const facts = this.facts[i];
          if (!facts) return this.words.chart_of.replace("{stream}", stream.name);
          const put = { ...facts, first: this.clock(facts.first), last: this.clock(facts.last) };
          return (
            this.words.chart_of.replace("{stream}", stream.name) +
            ": " +
            this.words.chart_numbers.replace(/{(\w+)}/g, (_, key) => put[key])
          );
        })
        .join("; ");
    },
  },
  mounted() {
    this.fresh = true; // something has come since the last look
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.$refs.chart);
    this.darkness = window.matchMedia("(prefers-color-scheme: dark)");
    this.darkness.addEventListener("change", this.draw);
    this.watch = setInterval(() => this.look(), LOOK);
    this.show(this.view);
  },
  beforeUnmount() {
    clearInterval(this.watch);
    clearTimeout(this.resting);
    this.sizes.disconnect();
    this.darkness.removeEventListener("change", this.draw);
    this.chart?.dispose();
  },
  methods: {
    // What is seen

    choose(span) {
      this.live = span;
      this.show(this.view);
    },
    byHand() {
      const [start, end] = [this.from, this.to].map((text) => when(text, this.zone));
      if (!(end > start)) {
        this.trouble = this.words.span_is_none;
        return;
      }
      this.live = null;
      this.show({ start, end });
    },
    move(part) {
      const by = (this.view.end - this.view.start) * part;
      this.live = null;
      this.show({ start: this.view.start + by, end: this.view.end + by });
    },
    zoom(factor) {
      const middle = (this.view.start + this.view.end) / 2;
      const half = Math.max(((this.view.end - this.view.start) * factor) / 2, SHORTEST / 2);
      this.live = null;
      this.show({ start: middle - half, end: middle + half });
    },
    moved() {
      // by wheel, finger or mouse: what is there is drawn at once, what is missing comes soon
      const { startValue, endValue } = this.chart.getOption().dataZoom[0];
      const shift = away(this.zone);
      this.live = null;
      this.view = { start: startValue - shift, end: endValue - shift };
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.show(this.view), REST);
    },
    append() {
      this.fresh = true;
    },
    look() {
      const rest = Math.max(LOOK, 5 * (this.took ?? 0)); // what takes long is not asked for all the time
      const due = this.fresh || (typeof this.live === "number" && Date.now() - this.asked > this.live / 300);
      if (this.live && due && !document.hidden && Date.now() - this.asked > rest) this.show(this.view);
    },
    show(view) {
      const end = Date.now();
      this.view = typeof this.live === "number" ? { start: end - this.live, end } : view;
      this.load();
    },

    // What there is of it

    async load() {
      this.asking?.abort();
      const asking = (this.asking = new AbortController());
      this.fresh = false;
      this.asked = Date.now();
      const query = this.query();
      const width = Math.min(Math.max(Math.round(this.$el.clientWidth / 2), 50), 2000);
      try {
        const answer = await fetch(this.home + "/chart.json?" + query + "&width=" + width, { signal: asking.signal });
        if (!answer.ok) throw new Error(answer.status);
        const found = await answer.json();
        this.view = { start: found.start, end: found.end };
        this.loaded = { ...found, step: (found.end - found.start) / width };
        this.trouble = "";
        this.took = Date.now() - this.asked;
        this.remember();
        this.$nextTick(this.draw); // it may have been hidden
        if (!this.turned) await this.turn("", asking.signal);
      } catch (error) {
        if (error.name !== "AbortError") this.trouble = this.words.not_loaded.replace("{words}", error.message);
      }
    },
    query() {
      const asked = new URLSearchParams(this.streams.map((it) => ["stream", it.id]));
      if (this.live !== "all") {
        asked.set("start", Math.round(this.view.start));
        asked.set("end", Math.round(this.view.end));
      }
      return asked.toString();
    },
    async turn(more, signal) {
      const query = this.query() + (more ? "&after=" + more : "");
      const answer = await fetch(this.home + "/values.json?" + query, { signal });
      if (!answer.ok) return;
      const page = await answer.json();
      [this.table, this.more, this.turned] = [page.rows, page.more, more !== ""];
    },
    remember() {
      const asked = new URLSearchParams(this.streams.map((it) => ["stream", it.id]));
      if (this.live) asked.set("span", this.live);
      else {
        asked.set("start", Math.round(this.view.start));
        asked.set("end", Math.round(this.view.end));
      }
      history.replaceState(history.state, "", location.pathname + "?" + asked);
      if (!this.$el.contains(document.activeElement) || document.activeElement.type !== "datetime-local")
        [this.from, this.to] = [this.view.start, this.view.end].map((at) => full(at, this.zone, "T"));
    },
    lay(choice) {
      if (choice.value !== "") this.go([...this.streams, this.others[choice.value]]);
    },
    without(id) {
      this.go(this.streams.filter((it) => it.id !== id));
    },
    go(streams) {
      const asked = new URLSearchParams(location.search);
      asked.delete("stream");
      for (const stream of streams) asked.append("stream", stream.id);
      location.search = asked.toString();
    },

    // In words

    full(at) {
      return full(at, this.zone);
    },
    clock(at) {
      return clock(at, this.zone);
    },
    spelled(span) {
      const [unit, length] = span < HOUR ? ["minutes", MINUTE] : span < DAY ? ["hours", HOUR] : ["days", DAY];
      return this.words[unit].replace("{count}", span / length);
    },
    worded(i, text) {
      const choices = this.streams[i].choices;
      return Object.hasOwn(choices, text) ? choices[text] : text;
    },
    spelledNumber(i, number) {
      const stream = this.streams[i];
      if (stream.steps) return this.worded(i, stream.truth ? (number ? "true" : "false") : String(number));
      return String(+number.toPrecision(5));
    },
    fact(i, name) {
      const [stream, facts] = [this.streams[i], this.facts[i]];
      if (!facts) return "";
      if (name === "mean" && stream.steps)
        return stream.truth ? this.words.share_true.replace("{percent}", +(facts.mean * 100).toPrecision(3)) : "";
      return this.spelledNumber(i, facts[name]);
    },
    at(i) {
      const rows = this.loaded?.streams[i].rows ?? [];
      const until = this.cursor || this.view.end;
      const near = this.cursor && !this.streams[i].steps ? nearest(rows, until) : before(rows, until);
      if (!near || near[1] === null) return "–";
      const text = this.spelledNumber(i, near[1]);
      return near.length > 2 && near[2] !== near[3]
        ? text + " (" + this.spelledNumber(i, near[2]) + " … " + this.spelledNumber(i, near[3]) + ")"
        : text;
    },

    // Drawn

    draw() {
      const box = this.$refs.chart;
      if (!box?.clientWidth || !this.loaded) return;
      if (!this.chart) {
        this.chart = echarts.init(box, null, { locale: document.documentElement.lang.startsWith("zh") ? "ZH" : "EN" });
        this.chart.on("datazoom", () => this.moved());
        this.chart.on("updateAxisPointer", (event) => {
          const at = event.axesInfo?.[0]?.value;
          this.cursor = at ? at - away(this.zone) : 0;
        });
        this.chart.getZr().on("globalout", () => (this.cursor = 0));
      }
      this.chart.resize();
      const style = getComputedStyle(document.body);
      const colour = (name) => style.getPropertyValue(name).trim();
      const [ink, line] = [colour("--soft"), colour("--line")];
      const text = { color: ink, fontSize: 11, fontFamily: style.fontFamily };
      const shift = away(this.zone);
      const axes = []; // one for each unit; the third and more are not written down
      const axisOf = (stream) => {
        const key = stream.steps ? JSON.stringify(["steps", stream.choices, stream.truth]) : "unit " + stream.unit;
        let found = axes.findIndex((axis) => axis.key === key);
        if (found < 0) found = axes.push({ key, stream }) - 1;
        return found;
      };
      const series = this.streams.flatMap((stream, i) => {
        const { rows, gathered } = this.loaded.streams[i];
        const common = { type: "line", yAxisIndex: axisOf(stream), symbol: "circle", silent: true };
        const paint = colour("--line-" + (i + 1));
        const drawn = [
          {
            ...common,
            data: rows.map((row) => [row[0] + shift, row[1]]),
            step: stream.steps && !gathered ? "end" : false,
            showSymbol: !gathered && rows.length < 60,
            symbolSize: 5,
            lineStyle: { color: paint, width: 1.8 },
            itemStyle: { color: paint },
          },
        ];
        if (gathered) {
          const band = { ...common, stack: "band" + i, stackStrategy: "all", showSymbol: false, lineStyle: { opacity: 0 } };
          drawn.push({ ...band, data: rows.map((row) => [row[0] + shift, row[2] ?? null]) });
          const high = (row) => (row[1] === null ? null : row[3] - row[2]);
          drawn.push({ ...band, data: rows.map((row) => [row[0] + shift, high(row)]), areaStyle: { color: paint, opacity: 0.22 } });
        }
        return drawn;
      });
      const half = (this.loaded.end - this.loaded.start) / 2;
      const [first, last] = [this.loaded.start - half, this.loaded.end + half];
      series.push({
        type: "line",
        data: [],
        markArea: {
          silent: true,
          itemStyle: { color: ink, opacity: 0.12 },
          data: this.loaded.offline.map(([since, until]) => [
            { xAxis: Math.max(since, first) + shift },
            { xAxis: Math.min(until ?? Date.now(), last) + shift },
          ]),
        },
      });
      this.chart.setOption(
        {
          animation: false,
          useUTC: true,
          grid: { left: 8, right: 26, top: 14, bottom: 6, containLabel: true },
          xAxis: {
            type: "time",
            min: first + shift,
            max: last + shift,
            axisLine: { lineStyle: { color: line }, onZero: false },
            axisTick: { show: false },
            axisLabel: {
              ...text,
              hideOverlap: true,
              alignMinLabel: "left",
              alignMaxLabel: "right",
              formatter: { day: "{MM}-{dd}", hour: "{HH}:{mm}", minute: "{HH}:{mm}", second: "{HH}:{mm}:{ss}" },
            },
            splitNumber: Math.max(2, Math.round(box.clientWidth / 130)),
          },
          yAxis: axes.map(({ stream }, i) => ({
            type: "value",
            scale: true,
            show: i < 2,
            position: i === 1 ? "right" : "left",
            axisLabel: { ...text, show: i < 2, formatter: (number) => this.marked(stream, number) },
            splitLine: { show: i === 0, lineStyle: { color: line } },
            ...(stream.steps ? { minInterval: 1, ...(stream.truth ? { min: 0, max: 1, interval: 1 } : {}) } : {}),
          })),
          dataZoom: [
            {
              type: "inside",
              startValue: this.loaded.start + shift,
              endValue: this.loaded.end + shift,
              filterMode: "none",
              minValueSpan: SHORTEST,
            },
          ],
          tooltip: {
            trigger: "axis",
            showContent: false, // what is under it stands in the table below
            axisPointer: { type: "line", lineStyle: { color: ink }, label: { show: false } },
          },
          series,
        },
        { replaceMerge: ["series", "yAxis"] },
      );
    },
    marked(stream, number) {
      // words of a thing model are the teacher's, cut; and drawn as they are: an axis has no markup
      if (!stream.steps) return Math.abs(number) >= 1e6 ? number.toExponential(2) : String(number);
      const text = stream.truth ? (number ? "true" : "false") : String(number);
      const word = Object.hasOwn(stream.choices, text) ? stream.choices[text] : stream.truth ? text : "";
      return word.length > 10 ? word.slice(0, 9) + "…" : word;
    },
  },
};

function before(rows, at) {
  return rows.findLast((row) => row[0] <= at && row[1] !== null);
}

function nearest(rows, at) {
  let best = null;
  for (const row of rows) if (!best || Math.abs(row[0] - at) < Math.abs(best[0] - at)) best = row;
  return best;
}
