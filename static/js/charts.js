/* Draws the page's charts: each [data-chart] names the JSON it shows. Without script the table beside it says the same. */
(() => {
  "use strict";
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
  const money = (prefix) => (value) => (value == null ? "" : prefix + value.toFixed(value >= 1 || value === 0 ? 2 : 4));

  const draw = (box) => {
    const source = document.getElementById(box.dataset.chart);
    if (!source || !window.uPlot) return;
    const data = JSON.parse(source.textContent);
    const language = document.documentElement.lang || undefined;
    const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" });
    const points = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
    const roughly = new Intl.NumberFormat(language, { notation: "compact" });
    const written = data.is_money ? money(data.prefix) : (value) => points.format(value);
    const marked = data.is_money ? money(data.prefix) : (value) => (value == null ? "" : roughly.format(value));
    const axis = { stroke: colour("--color-base-content"), grid: { stroke: colour("--color-base-300"), width: 1 }, ticks: { show: false } };
    box.replaceChildren();
    new window.uPlot({
      width: box.clientWidth,
      height: Number(box.dataset.height) || 180,
      cursor: { y: false, drag: { setScale: false } },
      legend: { show: true },
      scales: { x: { time: true }, y: { range: (plot, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      axes: [
        { ...axis, grid: { show: false }, space: 60, values: (plot, ticks) => ticks.map((at) => day.format(at * 1000)) },
        { ...axis, size: 64, values: (plot, ticks) => ticks.map(marked) },
      ],
      series: [
        { label: box.dataset.day || "", value: (plot, at) => (at == null ? "–" : day.format(at * 1000)) },
        ...data.series.map((one) => ({
          label: one.label,
          stroke: colour("--color-accent"),
          fill: colour("--color-accent"),
          paths: window.uPlot.paths.bars({ size: [0.7, 40], radius: 0.15 }),
          points: { show: false },
          value: (plot, value) => (value == null ? "–" : written(value)),
        })),
      ],
    }, [data.days, ...data.series.map((one) => one.values)], box);
  };

  const all = () => { for (const box of document.querySelectorAll("[data-chart]")) draw(box); };
  all();
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return; // a phone's address bar changes the height only
    width = window.innerWidth;
    all();
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
})();
