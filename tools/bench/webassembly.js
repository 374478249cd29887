// Runs MicroPython's webassembly build, whose words are 32 bits wide as a board's are. On stdin a JSON object:
// module: path of micropython.mjs; files: paths to base64; steps: programs, run one after the other.
// It collects garbage between two steps only, whatever gc.collect() says: so there is one after every step.

const fs = require("node:fs");
const { pathToFileURL } = require("node:url");

async function main() {
  const { module, files, steps } = JSON.parse(fs.readFileSync(0, "utf8"));
  const { loadMicroPython } = await import(pathToFileURL(module).href);
  const micropython = await loadMicroPython({ heapsize: 1 << 20, linebuffer: true, stdout: (line) => console.log(line) });
  const made = new Set(["", "/"]);
  for (const [path, content] of Object.entries(files)) {
    const parts = path.split("/");
    for (let i = 1; i < parts.length; i++) {
      const directory = parts.slice(0, i).join("/");
      if (!made.has(directory)) {
        made.add(directory);
        try {
          micropython.FS.mkdir(directory);
        } catch {
          // it is there
        }
      }
    }
    micropython.FS.writeFile(path, Buffer.from(content, "base64"));
  }
  for (const step of steps) {
    micropython.runPython(step);
    micropython.runPython("__import__('gc').collect()");
    micropython.runPython("__import__('gc').collect()");
  }
}

main().catch((error) => {
  // The message only: a trace shows the whole of the module, which is one line.
  console.error(String(error.message || error).slice(0, 2000));
  process.exit(1);
});
