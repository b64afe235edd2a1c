// Sound and film: the browser's own player; this remembers the place in the tab and says when bytes do not come.

const player = document.getElementById("player");
const key = `reader.place.${player.dataset.place}`;

function remembered() {
  try {
    return Number(sessionStorage.getItem(key)) || 0;
  } catch {
    return 0;
  }
}

player.addEventListener("loadedmetadata", () => {
  const before = remembered();
  if (before > 5 && before < player.duration - 5) player.currentTime = before;
}, { once: true });

let saved = 0;
player.addEventListener("timeupdate", () => {
  if (Math.abs(player.currentTime - saved) < 2) return;
  saved = player.currentTime;
  try {
    sessionStorage.setItem(key, String(Math.floor(saved)));
  } catch {
    // Without storage the place is not kept.
  }
});

player.addEventListener("ended", () => {
  const current = document.querySelector(".chapters [aria-current]")?.closest("li");
  const next = current?.nextElementSibling?.querySelector("a");
  if (next) location.assign(next.href);
});

const fail = () => {
  document.getElementById("media-note").hidden = false;
};
player.addEventListener("error", fail);
player.querySelector("source:last-of-type")?.addEventListener("error", fail);

// Space and arrows work wherever the focus is, but in controls of their own.
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, button, a, audio, video") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " ") {
    event.preventDefault();
    if (player.paused) player.play();
    else player.pause();
  } else if (event.key === "ArrowLeft") player.currentTime -= 15;
  else if (event.key === "ArrowRight") player.currentTime += 30;
});
