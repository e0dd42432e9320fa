// Draws the figures of the last 15 minutes, and each new one.
import { readEvents, refresh } from "/assets/live.js";

const MINUTES = 15;
const MOST_SAMPLES = MINUTES * 60;
const KINDS = ["creates", "joins", "reads"];

const ofKinds = (figure) =>
  KINDS.map((kind) => ({ label: kind, value: (sample) => sample[kind][figure] }));

/** The lines of each chart. */
const LINES = {
  rates: ofKinds("rate"),
  medians: ofKinds("p50"),
  slowest: ofKinds("p99"),
  commits: [
    { label: "median", value: (sample) => sample.commits.p50 },
    { label: "99th percentile", value: (sample) => sample.commits.p99 },
  ],
  batch: [{ label: "mean", value: (sample) => sample.batch }],
  queue: [{ label: "waiting", value: (sample) => sample.queue }],
};

const charts = [...document.querySelectorAll("[data-chart]")];
const plots = new Map();
const prefersLessMotion = matchMedia("(prefers-reduced-motion: reduce)");
/** The samples, the oldest first. */
let samples = [];
let drawnAt = 0;

/** The columns that uPlot draws: the times in seconds, and the values of each line. */
function columns(lines) {
  const times = samples.map((sample) => sample.at / 1000);
  return [times, ...lines.map((line) => samples.map((sample) => line.value(sample) ?? null))];
}

function build(chart) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const lines = LINES[chart.dataset.chart];
  const axis = { stroke: color("--muted"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
  const font = "12px system-ui, sans-serif";
  const range = () => {
    const end = samples.at(-1)?.at / 1000 || Date.now() / 1000;
    return [end - MINUTES * 60, end];
  };
  const options = {
    width: chart.clientWidth,
    height: 180,
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    legend: { live: false },
    scales: { x: { range }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, font, space: 60, values: (_, times) => times.map(minute) },
      { ...axis, font, size: 48 },
    ],
    series: [
      {},
      ...lines.map((line, number) => ({
        label: line.label,
        stroke: color(`--series-${number + 1}`),
        width: 1.5,
        // Lines differ by more than their color.
        dash: [[], [6, 3], [2, 2]][number],
      })),
    ],
  };
  plots.get(chart)?.destroy();
  plots.set(chart, new uPlot(options, columns(lines), chart));
}

function minute(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], {
    hour: "2-digit",
    hourCycle: "h23",
    minute: "2-digit",
    timeZone: "UTC",
  });
}

function draw() {
  drawnAt = Date.now();
  for (const [chart, plot] of plots) {
    plot.setData(columns(LINES[chart.dataset.chart]));
  }
}

function write(id, text) {
  document.getElementById(id).textContent = text;
}

function show({ uptime, database, cards }) {
  write("uptime", uptime);
  if (database) {
    write("database", database.text);
    document.getElementById("database").className = `badge ${database.is_ok ? "good" : "bad"}`;
  }
  for (const card of cards) {
    write(`figure-${card.name}`, card.figure);
    write(`detail-${card.name}`, card.detail);
  }
}

function loadTables() {
  // Without a reply, the tables stay as they are.
  refresh("minutes", "refused").catch(() => {});
}

document.getElementById("charts").hidden = false;
charts.forEach(build);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach(build));
new ResizeObserver(() => {
  for (const [chart, plot] of plots) {
    plot.setSize({ width: chart.clientWidth, height: 180 });
  }
}).observe(document.getElementById("charts"));

readEvents({
  past: (past) => {
    samples = past;
    draw();
  },
  sample: (event) => {
    const last = samples.at(-1)?.at ?? 0;
    const isNewMinute = Math.floor(last / 60000) !== Math.floor(event.sample.at / 60000);
    samples = [...samples.filter((sample) => sample.at < event.sample.at), event.sample].slice(-MOST_SAMPLES);
    if (!prefersLessMotion.matches || Date.now() - drawnAt >= 10000) {
      show(event);
      draw();
    }
    if (isNewMinute || event.sample.refused) {
      loadTables();
    }
  },
});
