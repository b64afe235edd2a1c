// Old browsers: when the reader's own modules cannot run, the page goes on to the plain pages that need no script.
// Written for any browser since 2009; it is not a module.
(function () {
  "use strict";
  var root = document.documentElement;
  var simple = root.getAttribute("data-simple");
  function leave() {
    if (simple && !root.hasAttribute("data-script")) window.location.replace(simple);
  }
  if (!("noModule" in document.createElement("script"))) {
    leave();
    return;
  }
  // A module that does not parse or load says so here; without an answer for long enough nothing will come.
  window.addEventListener("error", function (event) {
    var target = event.target;
    if (!target || target === window || target.tagName === "SCRIPT") leave();
  }, true);
  window.setTimeout(leave, 15000);
})();
