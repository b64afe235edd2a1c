// The open document: pages, zoom, two pages, turning, contents, find, the place in the tab's memory.
import { bindBookmarks } from "./bookmarks.js";
import { fillContents } from "./contents.js";
import { bindFind } from "./find.js";
import { bindKeys, config, element, memory, opened, place, say, sayFailure, saySentence, word } from "./shell.js";

const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4];
const CONTEXT = 24;
const FINISHED = 3;
const REFUSED_AFTER = 2000;

/** Show `doc` in the page's viewer. Returns what the page's other tools need. */
export function connect({ pdfjs, EventBus, PDFLinkService, PDFFindController, PDFViewer }, doc, source) {
  const eventBus = new EventBus();
  const links = new PDFLinkService({ eventBus, externalLinkEnabled: false });
  const finder = new PDFFindController({ eventBus, linkService: links });
  const viewer = new PDFViewer({
    container: element("stage"),
    viewer: element("view"),
    eventBus,
    linkService: links,
    findController: finder,
    // Links and notes are shown; forms, scripts and drawing tools are not.
    annotationMode: pdfjs.AnnotationMode.ENABLE,
    annotationEditorMode: pdfjs.AnnotationEditorType.DISABLE,
    imageResourcesPath: new URL("../vendor/images/", import.meta.url).href,
    maxCanvasPixels: 2 ** 24,
    enableAutoLinking: false,
  });
  links.setViewer(viewer);
  links.setDocument(doc, null);
  viewer.setDocument(doc);
  const total = doc.numPages;
  const isNarrow = () => innerWidth < 720;
  const fitting = () => (isNarrow() ? "page-width" : "page-fit");

  eventBus.on("pagesinit", () => {
    viewer.currentScaleValue = memory.get("pdf.fit") ?? fitting();
    const before = place.load()?.page;
    if (before > 1 && before <= total) {
      viewer.currentPageNumber = before;
      say(word("resume.text", { page: before }), {
        kind: "ok", action: { label: word("from_start"), run: () => goTo(1) },
      });
    }
    showPage(viewer.currentPageNumber);
  });
  const showMarks = bindBookmarks({
    here: () => ({ page: viewer.currentPageNumber }),
    isHere: ({ page }) => page === viewer.currentPageNumber,
    label: ({ page }) => word("page_n", { page }),
    go: ({ page }) => goTo(page),
  });
  const damage = watchDamage({ viewer, goTo, total, source });
  eventBus.on("pagechanging", ({ pageNumber }) => {
    showPage(pageNumber);
    damage.look();
  });
  eventBus.on("pagerendered", ({ pageNumber, error }) => {
    opened();
    element("stage").dataset.rendered = String(pageNumber);
    if (error && source.refused) damage.found(pageNumber);
    // All bytes came and still it cannot be drawn: the box draws it, for this browser lacks something.
    else if (error) location.replace(source.simple(pageNumber));
  });

  function showPage(page) {
    element("progress").textContent = word("page_of", { page, total });
    const slider = element("position");
    slider.max = String(total);
    slider.value = String(page);
    slider.setAttribute("aria-valuetext", word("page_of", { page, total }));
    const field = element("jump-page");
    field.max = String(total);
    if (document.activeElement !== field) field.value = String(page);
    element("stage").dataset.page = String(page);
    element("stage").dataset.pages = String(total);
    place.save({ page });
    showMarks();
  }

  function goTo(page) {
    if (!(page >= 1 && page <= total)) {
      saySentence("page_range", null, { total });
      return;
    }
    viewer.currentPageNumber = page;
  }
  const turn = (step) => {
    say("");
    if (step > 0 ? viewer.nextPage() : viewer.previousPage()) return;
    if (step > 0) saySentence("last_page", () => location.assign(config.detail), {}, "ok");
    else saySentence("first_page", null, {}, "ok");
  };

  function fit(value) {
    viewer.currentScaleValue = value;
    memory.set("pdf.fit", value);
    showFit();
  }
  function showFit() {
    for (const name of ["fit", "width"]) {
      const value = name === "fit" ? "page-fit" : "page-width";
      element(name).setAttribute("aria-pressed", String(viewer.currentScaleValue === value));
    }
  }
  function zoom(step) {
    const scale = viewer.currentScale;
    const next = step > 0 ? ZOOMS.find((z) => z > scale + 0.01) : [...ZOOMS].reverse().find((z) => z < scale - 0.01);
    if (!next) return;
    const page = viewer.currentPageNumber;
    viewer.currentScaleValue = String(next);
    viewer.currentPageNumber = page;
    showFit();
  }
  eventBus.on("scalechanging", showFit);

  bindTools({ viewer, turn, goTo, fit, zoom, total });
  bindDocumentFind({ eventBus, finder, viewer, doc });
  fillOutline(doc, links);
  addEventListener("resize", () => {
    const value = viewer.currentScaleValue;
    if (value === "page-fit" || value === "page-width") viewer.currentScaleValue = value;
  });
  return {
    get page() {
      return viewer.currentPageNumber;
    },
    redraw: () => viewer.refresh(),
    previous: () => turn(-1),
    next: () => turn(1),
    isWhole: () => element("stage").scrollWidth <= element("stage").clientWidth + 4,
  };
}

/** Say which page is damaged while it is looked at; the others are none the worse for it. */
function watchDamage({ viewer, goTo, total, source }) {
  const damaged = new Set();
  const isDrawn = (page) => viewer.getPageView(page - 1)?.renderingState === FINISHED;
  function announce(page) {
    saySentence("damaged.page", () => goTo(Math.min(page + 1, total)), { pages: page }, "todo");
  }
  function look() {
    const page = viewer.currentPageNumber;
    if (damaged.has(page)) announce(page);
    // A page whose bytes were refused is never drawn and gives no error either.
    else setTimeout(() => {
      if (viewer.currentPageNumber === page && source.refused && !isDrawn(page)) found(page);
    }, REFUSED_AFTER);
  }
  function found(page) {
    damaged.add(page);
    if (viewer.currentPageNumber === page) announce(page);
  }
  source.onRefused = (error) => {
    if (error.status === 503 || error instanceof TypeError) sayFailure(error);
    else look();
  };
  return { found, look };
}

function bindTools({ viewer, turn, goTo, fit, zoom, total }) {
  for (const name of ["turn-left", "end-left"]) element(name).addEventListener("click", () => turn(-1));
  for (const name of ["turn-right", "end-right"]) element(name).addEventListener("click", () => turn(1));
  element("zoom-in").addEventListener("click", () => zoom(1));
  element("zoom-out").addEventListener("click", () => zoom(-1));
  element("fit").addEventListener("click", () => fit("page-fit"));
  element("width").addEventListener("click", () => fit("page-width"));
  element("rotate").addEventListener("click", () => {
    viewer.pagesRotation = (viewer.pagesRotation + 90) % 360;
  });
  element("two").addEventListener("click", (event) => {
    const on = event.currentTarget.getAttribute("aria-pressed") !== "true";
    event.currentTarget.setAttribute("aria-pressed", String(on));
    const page = viewer.currentPageNumber;
    viewer.spreadMode = on ? 1 : 0;
    viewer.currentScaleValue = "page-fit";
    viewer.currentPageNumber = page;
  });
  const slider = element("position");
  slider.addEventListener("input", () => {
    element("progress").textContent = word("page_of", { page: slider.value, total });
  });
  slider.addEventListener("change", () => goTo(Number(slider.value)));
  element("jump").addEventListener("submit", (event) => {
    event.preventDefault();
    goTo(Math.trunc(Number(element("jump-page").value)));
    element("stage").focus();
  });
  bindKeys({
    ArrowLeft: () => turn(-1), ArrowRight: () => turn(1), PageUp: () => turn(-1), PageDown: () => turn(1),
    Home: () => goTo(1), End: () => goTo(total), "+": () => zoom(1), "=": () => zoom(1), "-": () => zoom(-1),
    " ": () => turn(1), "Shift+ ": () => turn(-1),
  });
}

async function fillOutline(doc, links) {
  let outline = [];
  try {
    outline = (await doc.getOutline()) ?? [];
  } catch {
    // A document may have a broken outline; its pages are none the worse for it.
  }
  const entries = (items, depth = 0) =>
    depth > 8 ? [] : items.map(({ title, dest, items: children }) => ({
      label: title, key: null, children: entries(children ?? [], depth + 1), go: () => dest && links.goToDestination(dest),
    }));
  fillContents(entries(outline));
}

/** pdf.js finds and marks; the list of places is ours, read from its text page by page. */
function bindDocumentFind({ eventBus, finder, viewer, doc }) {
  async function* search(query, signal) {
    eventBus.dispatch("find", {
      type: "", query, caseSensitive: false, entireWord: false, highlightAll: true, findPrevious: false,
      matchDiacritics: false,
    });
    for (let page = 1; page <= doc.numPages && !signal.aborted; page += 1) {
      let text = "";
      try {
        const content = await (await doc.getPage(page)).getTextContent();
        text = content.items.map((item) => item.str ?? "").join("");
      } catch {
        continue;
      }
      yield* placesOnPage(text, query, page, (where) => {
        viewer.currentPageNumber = where;
      });
    }
  }
  bindFind(search);
  element("find").addEventListener("drawer-close", () => eventBus.dispatch("findbarclose", {}));
  return finder;
}

function* placesOnPage(text, query, page, show) {
  const [haystack, needle] = [text.toLowerCase(), query.replace(/\s+/g, "").toLowerCase()];
  let at = haystack.indexOf(needle);
  while (at >= 0) {
    const end = at + needle.length;
    yield {
      label: word("page_n", { page }),
      before: text.slice(Math.max(0, at - CONTEXT), at),
      match: text.slice(at, end),
      after: text.slice(end, end + CONTEXT),
      go: () => show(page),
    };
    at = haystack.indexOf(needle, end);
  }
}
