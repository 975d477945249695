/* The human check: has a worker look for the number the server hid, and holds the form back until it is found. */
(() => {
  "use strict";
  const here = document.currentScript?.src || "/static/js/human.js";
  const worker = here.replace("human.js", "human-worker.js");

  const solve = (box) => {
    const field = box.querySelector("input[data-work]");
    const status = box.querySelector("output");
    const form = field.form;
    const challenge = JSON.parse(field.dataset.work);
    let waiting = null;
    status.hidden = false;
    const hold = (event) => {
      if (field.value) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      waiting = { button: event.submitter };
    };
    form.addEventListener("submit", hold, true);
    const helper = new Worker(worker);
    helper.onmessage = (event) => {
      helper.terminate();
      field.value = btoa(JSON.stringify({ challenge, solution: event.data }));
      status.textContent = status.dataset.done;
      if (waiting) form.requestSubmit(waiting.button);
    };
    // Without its help the server asks again, and says so.
    helper.onerror = () => { form.removeEventListener("submit", hold, true); };
    helper.postMessage(challenge.parameters);
  };

  const start = (root) => {
    for (const box of root.querySelectorAll("[data-human]:not([data-human=begun])")) {
      box.dataset.human = "begun";
      solve(box);
    }
  };

  start(document);
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
  // A page from the browser's memory shows a riddle that was answered.
  window.addEventListener("pageshow", (event) => { if (event.persisted && document.querySelector("[data-human]")) location.reload(); });
})();
