// The open document: its viewer, the way through it, its contents, the place in the tab's memory and in the address.
import { bindBookmarks } from "./bookmarks.js";
import { fillContents } from "./contents.js";
import { watchDamage } from "./pdf-damage.js";
import { makeFind } from "./pdf-find.js";
import { bindSize } from "./pdf-size.js";
import {
  bindKeys, closeDrawer, config, element, nameInAddress, opened, place, say, sayLastPage, saySentence, word,
} from "./shell.js";

const LINE = 80;
const OVERLAP = 0.9;

/** Show `doc` in the page's viewer. `facts` is what it says about itself. Returns what the page's other tools need. */
export function connect(library, doc, source, facts) {
  const { pdfjs, EventBus, PDFLinkService, PDFViewer } = library;
  const eventBus = new EventBus();
  const links = new PDFLinkService({ eventBus, externalLinkEnabled: false });
  const find = makeFind(eventBus);
  const stage = element("stage");
  const viewer = new PDFViewer({
    container: stage,
    viewer: element("view"),
    eventBus,
    linkService: links,
    findController: find.marks,
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
  // Nothing is shown of a document whose first page pdf.js cannot find: the box looks for it, or says what is wrong.
  viewer.pagesPromise.catch(() => location.replace(source.pictures()));
  const total = doc.numPages;
  const { rtl } = facts;
  showDirection(rtl);

  function goTo(page) {
    if (!(page >= 1 && page <= total)) {
      saySentence("page_range", null, { total });
      return;
    }
    viewer.currentPageNumber = page;
    size.refit();
  }
  function turn(step) {
    say("");
    if (step > 0 ? viewer.nextPage() : viewer.previousPage()) size.refit();
    else if (step > 0) sayLastPage();
    else saySentence("first_page", null, {}, "ok");
  }
  /** What does not fit is read on first; then the page is turned. */
  function advance(step) {
    const page = viewer.getPageView(viewer.currentPageNumber - 1)?.div.getBoundingClientRect();
    const seen = stage.getBoundingClientRect();
    const hidden = page && (step > 0 ? page.bottom - seen.bottom : seen.top - page.top);
    if (hidden > LINE / 4) stage.scrollBy(0, step * Math.min(hidden + LINE / 8, seen.height * OVERLAP));
    else turn(step);
  }
  const size = bindSize({ viewer, eventBus, stage, facts });
  const damage = watchDamage({ viewer, goTo, total, source });
  const showMarks = bindBookmarks({
    here: () => ({ page: viewer.currentPageNumber }),
    isHere: ({ page }) => page === viewer.currentPageNumber,
    label: ({ page }) => word("page_n", { page }),
    go: ({ page }) => goTo(page),
  });

  eventBus.on("pagesinit", () => {
    size.begin();
    begin(viewer, total, goTo);
    if (config.find) land(config.find, config.page || 1);
    showPage(viewer.currentPageNumber, total);
    showMarks();
    damage.expect(viewer.currentPageNumber);
  });
  eventBus.on("pagechanging", ({ pageNumber }) => {
    showPage(pageNumber, total);
    damage.expect(pageNumber);
    showMarks();
    nameInAddress(pageNumber);
    damage.look();
  });
  eventBus.on("pagerendered", ({ pageNumber, error }) => {
    opened();
    stage.dataset.rendered = String(pageNumber);
    if (error && source.refused) damage.found(pageNumber);
    // All bytes came and still it cannot be drawn: the box draws it, for this browser lacks something.
    else if (error) location.replace(source.simple(pageNumber));
  });
  addEventListener("hashchange", () => {
    const page = pageInAddress();
    if (page) goTo(page);
  });
  bindWays({ turn, goTo, total, rtl });
  bindKeys({
    ArrowLeft: () => turn(rtl ? 1 : -1), ArrowRight: () => turn(rtl ? -1 : 1),
    ArrowUp: () => stage.scrollBy(0, -LINE), ArrowDown: () => stage.scrollBy(0, LINE),
    PageUp: () => advance(-1), PageDown: () => advance(1), " ": () => advance(1), "Shift+ ": () => advance(-1),
    Home: () => goTo(1), End: () => goTo(total),
  });
  const land = find.connect(doc, goTo);
  fillOutline(doc, links);
  return {
    get page() {
      return viewer.currentPageNumber;
    },
    redraw: () => viewer.refresh(),
    left: () => turn(rtl ? 1 : -1),
    right: () => turn(rtl ? -1 : 1),
    pinch: size.pinch,
    isWhole: () => !size.isWide(),
  };
}

/** The page that the address asks for, 0 when it asks for none: `#page=3` of any reader, `?page=3` of ours. */
function pageInAddress() {
  return Number(/[#&]page=(\d{1,6})\b/.exec(location.hash)?.[1] ?? 0);
}

/** The first page that is shown: the one asked for, else where this tab was, else the first. */
function begin(viewer, total, goTo) {
  const asked = pageInAddress() || config.page;
  const before = place.load()?.page;
  if (asked >= 1 && asked <= total) {
    viewer.currentPageNumber = asked;
  } else if (before > 1 && before <= total) {
    viewer.currentPageNumber = before;
    say(word("resume.text", { page: before }), {
      kind: "ok", action: { label: word("from_start"), run: () => goTo(1) },
    });
  }
}

function showPage(page, total) {
  element("progress").textContent = word("page_of", { page, total });
  const slider = element("position");
  slider.max = String(total);
  slider.value = String(page);
  slider.setAttribute("aria-valuetext", word("page_of", { page, total }));
  for (const name of ["jump-page", "jump-page-too"]) {
    const field = element(name);
    field.max = String(total);
    if (document.activeElement !== field) field.value = String(page);
  }
  element("stage").dataset.page = String(page);
  element("stage").dataset.pages = String(total);
  place.save({ page });
}

/** In a book of the old manner the next page lies to the left. */
function showDirection(rtl) {
  element("view").toggleAttribute("data-rtl", rtl);
  element("position").dir = rtl ? "rtl" : "ltr";
  for (const [side, name] of [["left", rtl ? "next" : "previous"], ["right", rtl ? "previous" : "next"]]) {
    element(`turn-${side}-label`).textContent = word(name);
    element(`end-${side}-label`).textContent = word(name);
  }
}

function bindWays({ turn, goTo, total, rtl }) {
  for (const [side, step] of [["left", rtl ? 1 : -1], ["right", rtl ? -1 : 1]]) {
    for (const place_ of ["turn", "end"]) element(`${place_}-${side}`).addEventListener("click", () => turn(step));
  }
  const slider = element("position");
  slider.addEventListener("input", () => {
    element("progress").textContent = word("page_of", { page: slider.value, total });
  });
  slider.addEventListener("change", () => goTo(Number(slider.value)));
  for (const [form, field] of [["jump", "jump-page"], ["jump-too", "jump-page-too"]]) {
    element(form).addEventListener("submit", (event) => {
      event.preventDefault();
      closeDrawer(false);
      goTo(Math.trunc(Number(element(field).value)));
      element("stage").focus();
    });
  }
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
