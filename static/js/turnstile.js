/* Cloudflare's human check: loads its script where a form asks for it; where that cannot be had, shows the digits instead. */
(() => {
  "use strict";
  const PATIENCE = 10000;

  const giveUp = (box) => {
    if (box.dataset.state) return;
    box.dataset.state = "unreachable";
    box.querySelector("[data-waiting]").hidden = true;
    const digits = box.querySelector("template[data-digits]");
    if (digits) digits.replaceWith(digits.content);
    else box.querySelector("[data-unreachable]").hidden = false;
  };

  const draw = (box) => {
    if (box.dataset.state) return;
    box.dataset.state = "drawn";
    box.querySelector("[data-waiting]").hidden = true;
    const place = document.createElement("div");
    box.append(place);
    const theme = document.documentElement.dataset.theme || "auto";
    const language = { "zh-hans": "zh-cn", "zh-hant": "zh-tw" }[document.documentElement.lang.toLowerCase()] || "auto";
    window.turnstile.render(place, {
      sitekey: box.dataset.sitekey, action: box.dataset.action, theme, language,
      "response-field-name": box.dataset.field, size: "flexible",
    });
  };

  const start = (root) => {
    for (const box of root.querySelectorAll("[data-turnstile]:not([data-begun])")) {
      box.dataset.begun = "yes";
      if (window.turnstile) { draw(box); continue; }
      const script = document.createElement("script");
      script.src = box.dataset.turnstile;
      script.onload = () => (window.turnstile ? draw(box) : giveUp(box));
      script.onerror = () => giveUp(box);
      document.head.append(script);
      setTimeout(giveUp, PATIENCE, box);
    }
  };

  start(document);
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
})();
