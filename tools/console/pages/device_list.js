// The cards of all devices. Python gives the rows; searching and choosing happen here. All text is interpolated, so it
// is text whatever is in it.
const CARDS = 60; // on a page

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
        <select v-if="tags.length" v-model="tag" class="search short" :aria-label="words.tags">
          <option value="">{{ words.all_tags }}</option>
          <option v-for="it in tags" :key="it" :value="it">{{ it }}</option>
        </select>
        <select v-model="order" class="search short" :aria-label="words.order">
          <option value="online">{{ words.online_first }}</option>
          <option value="title">{{ words.by_title }}</option>
          <option value="since">{{ words.by_change }}</option>
        </select>
        <input type="search" class="search" v-model="search" :placeholder="words.search" :aria-label="words.search">
      </div>
      <ul class="cards" v-if="found.length">
        <li v-for="row in here" :key="row.id">
          <a class="card device" :class="{ online: row.online }" :href="'/device/' + encodeURIComponent(row.id)"
             :data-device="row.id">
            <span class="device-head">
              <i class="dot" :class="{ online: row.online }"></i>
              <bdi class="device-title">{{ row.title }}</bdi>
              <span class="state">{{ row.online ? words.online : words.offline }}</span>
            </span>
            <span class="soft"><span class="mono">{{ row.name }}</span> · {{ row.when }}</span>
            <span v-if="row.tags.length" class="chips"><bdi v-for="it in row.tags" :key="it" class="badge">{{ it }}</bdi></span>
            <span v-if="row.trouble" class="trouble">{{ row.trouble }}</span>
            <span class="latest" v-if="row.values.length">
              <span v-for="([name, value], i) in row.values" :key="i" class="pair">
                <bdi class="name">{{ name }}</bdi><bdi class="value">{{ value }}</bdi>
              </span>
              <span class="soft" v-if="row.more">{{ row.more }}</span>
            </span>
          </a>
        </li>
      </ul>
      <nav v-if="pages > 1" class="pager turning">
        <button type="button" class="chip" :disabled="page === 0" @click="page--">{{ words.previous }}</button>
        <span class="soft">{{ words.page_of.replace("{page}", page + 1).replace("{pages}", pages) }}</span>
        <button type="button" class="chip" :disabled="page === pages - 1" @click="page++">{{ words.next }}</button>
      </nav>
      <div v-if="found.length"></div>
      <div v-else-if="rows.length" class="nothing">{{ words.nothing_found }}</div>
      <div v-else class="nothing"><b>{{ words.no_devices }}</b><br>{{ words.no_devices_hint }}</div>
    </div>`,
  props: { initial: Array, words: Object },
  data() {
    return { rows: this.initial, search: "", shown: "all", tag: "", order: "online", turned: 0 };
  },
  watch: {
    search: "first",
    shown: "first",
    tag: "first",
    order: "first",
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
    tags() {
      return [...new Set(this.rows.flatMap((row) => row.tags))].sort();
    },
    pages() {
      return Math.ceil(this.found.length / CARDS);
    },
    page: {
      get() {
        return Math.max(0, Math.min(this.turned, this.pages - 1));
      },
      set(page) {
        this.turned = page;
      },
    },
    here() {
      return this.found.slice(this.page * CARDS, (this.page + 1) * CARDS);
    },
    found() {
      const text = this.search.trim().toLowerCase();
      const order = new Intl.Collator(undefined, { numeric: true });
      return this.rows
        .filter((row) => this.shown === "all" || row.online === (this.shown === "online"))
        .filter((row) => !this.tag || row.tags.includes(this.tag))
        .filter((row) => !text || row.searched.includes(text))
        .sort((a, b) => this.before(a, b) || order.compare(a.title, b.title) || order.compare(a.id, b.id));
    },
  },
  methods: {
    first() {
      this.turned = 0;
    },
    before(a, b) {
      if (this.order === "online") return b.online - a.online;
      return this.order === "since" ? b.since - a.since : 0;
    },
    change(changed, removed) {
      const rows = new Map(this.rows.map((row) => [row.id, row]));
      changed.forEach((row) => rows.set(row.id, row));
      removed.forEach((id) => rows.delete(id));
      this.rows = [...rows.values()];
    },
  },
};
