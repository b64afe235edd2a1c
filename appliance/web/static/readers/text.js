// A text read page by page: its size, the keys, and the page where this tab left it. All of it works without, too.

const config = JSON.parse(document.getElementById("reader-config").textContent);
const element = (id) => document.getElementById(id);
const SIZES = 6;

function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(`reader.${key}`));
  } catch {
    return null;
  }
}

function keep(key, value) {
  try {
    sessionStorage.setItem(`reader.${key}`, JSON.stringify(value));
  } catch {
    // Without storage the place is not kept.
  }
}

// --- Size

let size = 2;

function setSize(wanted) {
  size = Math.min(SIZES - 1, Math.max(0, Number.isInteger(wanted) ? wanted : 2));
  element("text").dataset.size = size;
  element("smaller").disabled = size === 0;
  element("larger").disabled = size === SIZES - 1;
}

setSize(recall("text-size"));
for (const [id, step] of [["smaller", -1], ["larger", 1]]) {
  element(id).addEventListener("click", () => {
    setSize(size + step);
    keep("text-size", size);
  });
}

// --- Keys

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (rel) document.querySelector(`a[rel="${rel}"]`)?.click();
});

// --- The place

const key = `place.${config.item}`;
const before = recall(key);
const word = (name) => config.words[name].replaceAll("{page}", before);
if (config.page === 1 && Number.isInteger(before) && before > 1 && before <= config.total) {
  element("note-text").textContent = word("resume.text");
  element("note-action").textContent = word("resume.button");
  element("note-second").textContent = word("from_start");
  element("note-action").addEventListener("click", () => location.assign(config.address.replace("{page}", before)));
  element("note-second").addEventListener("click", () => {
    keep(key, 1);
    element("note").hidden = true;
  });
  element("note").hidden = false;
} else {
  keep(key, config.page);
}
document.documentElement.dataset.script = "on";
