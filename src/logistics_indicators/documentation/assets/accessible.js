// What the libraries of these pages leave out: names of controls and parts, and a way by keyboard into what scrolls.
const NAMES = {
  "#servers": "Server",
  ".close-modal": "Close",
  ".examples-select-element": "Example",
  "textarea.body-param__text": "Body of the request",
  ".operation-filter-input": "Filter by tag",
};
const PARTS = {
  ".information-container": "About the API",
  ".scheme-container": "Server and sign-in",
  ".filter-container": "Filter",
};

const set = (element, attribute, value) => element.hasAttribute(attribute) || element.setAttribute(attribute, value);

function complete(root) {
  const each = (selector, then) => root.querySelectorAll(selector).forEach(then);
  for (const [selector, name] of Object.entries(NAMES)) each(selector, (control) => set(control, "aria-label", name));
  for (const [selector, name] of Object.entries(PARTS)) {
    each(selector, (part) => {
      set(part, "role", "region");
      set(part, "aria-label", name);
    });
  }
  each("[data-param-name] select", (select) => {
    set(select, "aria-label", select.closest("[data-param-name]").dataset.paramName);
  });
  each(".responses-table[id]", (table) => set(table, "aria-label", table.id.replaceAll("_", " ")));
  each(".dialog-ux", (dialog) => {
    set(dialog, "role", "dialog");
    set(dialog, "aria-modal", "true");
    set(dialog, "aria-label", "Sign in");
  });
  each("pre", (block) => set(block, "tabindex", "0"));
}

// At most once a frame, however much is drawn.
function completeWhatIsDrawn(root) {
  let waits = false;
  new MutationObserver(() => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      complete(root);
    });
  }).observe(root, { childList: true, subtree: true });
}
completeWhatIsDrawn(document.querySelector("#swagger-ui, main"));
