// The cards of all devices. Python gives the rows; searching and choosing happen here. All text is interpolated, so it
// is text whatever is in it.
export default {
  template: `
    <div>
      <div class="bar">
        <div class="chips" role="group" :aria-label="words.state">
          <button v-for="choice in choices" :key="choice.key" type="button" class="chip" :class="choice.key"
                  :aria-pressed="shown === choice.key ? 'true' : 'false'" @click="shown = choice.key">
            <i class="dot" v-if="choice.key !== 'all'"></i>{{ choice.label }} <b>{{ choice.count }}</b>
          </button>
        </div>
        <input type="search" class="search" v-model="search" :placeholder="words.search" :aria-label="words.search">
      </div>
      <ul class="cards" v-if="found.length">
        <li v-for="row in found" :key="row.id">
          <a class="card device" :class="{ online: row.online }" :href="'/device/' + encodeURIComponent(row.id)"
             :data-device="row.id">
            <span class="device-head">
              <i class="dot" :class="{ online: row.online }"></i>
              <bdi class="device-title">{{ row.title }}</bdi>
              <span class="state">{{ row.online ? words.online : words.offline }}</span>
            </span>
            <span class="soft"><span class="mono">{{ row.name }}</span> · {{ row.when }}</span>
            <span v-if="row.trouble" class="trouble">{{ row.trouble }}</span>
            <span class="latest" v-if="row.values.length">
              <span v-for="[name, value] in row.values" :key="name" class="pair">
                <bdi class="name">{{ name }}</bdi><bdi class="value">{{ value }}</bdi>
              </span>
              <span class="soft" v-if="row.more">{{ row.more }}</span>
            </span>
          </a>
        </li>
      </ul>
      <div v-else-if="rows.length" class="nothing">{{ words.nothing_found }}</div>
      <div v-else class="nothing"><b>{{ words.no_devices }}</b><br>{{ words.no_devices_hint }}</div>
    </div>`,
  props: { initial: Array, words: Object },
  data() {
    return { rows: this.initial, search: "", shown: "all" };
  },
  computed: {
    choices() {
      const online = this.rows.filter((row) => row.online).length;
      return [
        { key: "all", label: this.words.all, count: this.rows.length },
        { key: "online", label: this.words.online, count: online },
        { key: "offline", label: this.words.offline, count: this.rows.length - online },
      ];
    },
    found() {
      const text = this.search.trim().toLowerCase();
      const order = new Intl.Collator(undefined, { numeric: true });
      return this.rows
        .filter((row) => this.shown === "all" || row.online === (this.shown === "online"))
        .filter((row) => !text || row.searched.includes(text))
        .sort((a, b) => order.compare(a.title, b.title) || order.compare(a.id, b.id));
    },
  },
  methods: {
    change(changed, removed) {
      const rows = new Map(this.rows.map((row) => [row.id, row]));
      changed.forEach((row) => rows.set(row.id, row));
      removed.forEach((id) => rows.delete(id));
      this.rows = [...rows.values()];
    },
  },
};
