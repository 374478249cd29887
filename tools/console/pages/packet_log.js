// The packets of connections, newest first. What is in one is fetched when it is opened: the event `details` asks for it,
// show() brings it. All text is interpolated, so it is text whatever is in it.
export default {
  template: `
    <div class="log">
      <div class="bar">
        <p class="soft">{{ words.packets_hint }}</p>
        <button type="button" class="chip" :aria-pressed="paused ? 'true' : 'false'" @click="pause">
          {{ paused ? words.resume.replace("{count}", held.length) : words.pause }}
        </button>
      </div>
      <ul v-if="rows.length" class="packets">
        <li v-for="row in rows" :key="row.number" :class="{ bad: row.error }">
          <button type="button" class="packet" :aria-expanded="opened.has(row.number) ? 'true' : 'false'"
                  @click="toggle(row.number)">
            <time class="soft">{{ row.time }}</time>
            <span v-if="row.size" class="way" :class="{ up: row.up }" :title="row.up ? words.from_device : words.to_device">
              <span aria-hidden="true">{{ row.up ? "▲" : "▼" }}</span>
              <span class="unseen">{{ row.up ? words.from_device : words.to_device }}</span>
            </span>
            <span v-else class="way" aria-hidden="true">■</span>
            <span class="type">{{ row.type }}</span>
            <span v-if="row.badge" class="badge">{{ row.badge }}</span>
            <bdi class="summary">{{ row.error || row.warning || row.summary }}</bdi>
            <span class="size soft">{{ row.size }}</span>
          </button>
          <div v-if="opened.has(row.number) && details[row.number]" class="details">
            <p v-for="text in details[row.number].trouble" :class="{ trouble: row.error }">{{ text }}</p>
            <p v-if="row.badge && row.summary"><bdi>{{ row.summary }}</bdi></p>
            <div class="wide"><table v-if="details[row.number].fields.length">
              <thead><tr>
                <th v-for="name in ['offset', 'hex', 'field', 'value', 'meaning', 'clause']" :key="name" scope="col">
                  {{ words[name] }}
                </th>
              </tr></thead>
              <tbody v-for="(field, index) in details[row.number].fields" :key="index">
                <tr>
                  <td class="mono">{{ field.offset }}</td><td class="mono hex">{{ field.hex }}</td>
                  <td>{{ field.name }}</td><td><bdi>{{ field.value }}</bdi></td>
                  <td><bdi>{{ field.meaning }}</bdi></td><td class="soft">{{ field.clause }}</td>
                </tr>
                <tr v-for="(bit, place) in field.bits" :key="place" class="bit">
                  <td></td><td class="mono">{{ bit[0] }}</td><td></td><td class="mono">{{ bit[1] }}</td>
                  <td colspan="2">{{ bit[2] }}</td>
                </tr>
              </tbody>
            </table></div>
            <p v-if="details[row.number].more_fields" class="soft">{{ details[row.number].more_fields }}</p>
            <pre class="wide" tabindex="0">{{ details[row.number].dump }}</pre>
            <p v-if="details[row.number].more_bytes" class="soft">{{ details[row.number].more_bytes }}</p>
          </div>
        </li>
      </ul>
      <div v-else class="nothing">{{ words.no_packets }}</div>
    </div>`,
  props: { initial: Array, kept: Number, words: Object },
  emits: ["details"],
  data() {
    return { rows: this.initial, held: [], paused: false, opened: new Set(), details: {} };
  },
  methods: {
    append(rows) {
      if (this.paused) {
        this.held = [...rows, ...this.held].slice(0, this.kept);
      } else {
        this.rows = [...rows, ...this.rows].slice(0, this.kept);
        this.forget();
      }
    },
    pause() {
      this.paused = !this.paused;
      if (!this.paused) {
        const held = this.held;
        this.held = [];
        this.append(held);
      }
    },
    toggle(number) {
      if (this.opened.delete(number)) return;
      this.opened.add(number);
      this.$emit("details", number);
    },
    show(number, details) {
      this.details[number] = details;
    },
    forget() {
      const numbers = new Set(this.rows.map((row) => row.number));
      for (const number of [...this.opened].filter((number) => !numbers.has(number))) {
        this.opened.delete(number);
        delete this.details[number];
      }
    },
  },
};
