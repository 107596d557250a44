// Three sliders, a chart and a sentence: what cloud and machines cost a month at another volume, price and use.
(() => {
  const given = JSON.parse(document.getElementById("sliders-data").textContent);
  const { sketch, words, language, currency } = given;
  // The page's own colours, which turn with it.
  const colours = {
    ink: "var(--ink)",
    grey: "var(--grey)",
    rule: "var(--rule)",
    cloud: "var(--cloud)",
    machines: `var(--${given.machines})`,
  };
  const part = (name) => document.getElementById(`sliders-${name}`);

  // The formulas of the record's part "sketch".
  const cloudCost = (volume, price) =>
    sketch.cloud_fixed + price * sketch.cloud_per_mtok * volume * sketch.days_per_month;
  const room = (use) => use * sketch.machine_mtok_per_day;
  // A slider's value is exact to a dozen digits only, and that must not buy another machine.
  const machines = (volume, use) =>
    Math.max(sketch.there, Math.ceil((sketch.bound_mtok_per_day + volume) / room(use) - 1e-9));
  const costOf = (count) => sketch.local_fixed + (count - sketch.there) * sketch.machine_per_month;
  const localCost = (volume, use) => costOf(machines(volume, use));
  // The volumes that n machines carry beside the work that has no other place.
  const span = (n, use) => [
    n <= Math.max(sketch.there, 1) ? 0 : Math.max((n - 1) * room(use) - sketch.bound_mtok_per_day, 0),
    Math.min(n * room(use) - sketch.bound_mtok_per_day, given.most),
  ];

  // The cloud costs more than n machines from (their cost − its fixed cost) ÷ its slope on, if they carry that.
  const cheaperRanges = (price, use) => {
    const slope = price * sketch.cloud_per_mtok * sketch.days_per_month;
    const ranges = [];
    for (let n = Math.max(sketch.there, 1); span(n, use)[0] < given.most; n += 1) {
      const [start, end] = span(n, use);
      const level = costOf(n) - sketch.cloud_fixed;
      const from = Math.max(slope > 0 ? level / slope : level < 0 ? 0 : Infinity, start);
      if (from >= end) continue;
      const last = ranges.at(-1);
      if (last && last[1] === from) last[1] = end;
      else ranges.push([from, end]);
    }
    return ranges;
  };

  const digits = (least, most) => ({ minimumSignificantDigits: least, maximumSignificantDigits: most });
  const numbers = new Intl.NumberFormat(language, digits(1, 3));
  const factors = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  const counts = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const shares = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
  const euros = new Intl.NumberFormat(language, { style: "currency", currency, ...digits(1, 3) });
  const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  const turn = (price, use) => {
    const ranges = cheaperRanges(price, use);
    const last = ranges.at(-1);
    if (!last || last[1] < given.most) return ranges.length ? words.between : words.never;
    if (ranges.length > 1) return words.again;
    return last[0] > 0 ? words.from : words.always;
  };

  const sentence = ({ volume, price, use }) => {
    const count = machines(volume, use);
    const ranges = cheaperRanges(price, use);
    const values = {
      volume: numbers.format(volume),
      price: factors.format(price),
      use: shares.format(use),
      count: counts.format(count),
      cloud: euros.format(cloudCost(volume, price)),
      local: euros.format(localCost(volume, use)),
      first: ranges.length ? numbers.format(ranges[0][0]) : "",
      last: ranges.length ? numbers.format(ranges.at(-1)[0]) : "",
      end: ranges.length ? numbers.format(ranges.at(-1)[1]) : "",
      most: numbers.format(given.most),
    };
    const costs = sketch.there ? words.there : count === 1 ? words.one : words.many;
    return `${fill(costs, values)} ${fill(turn(price, use), values)}`;
  };

  const lines = ({ price, use }) => {
    const rows = [0, given.most].map((volume) => ({ volume, cost: cloudCost(volume, price), plan: words.cloud }));
    const steps = machines(given.most, use);
    const few = Math.max(1, Math.ceil(steps / 2000));
    for (let n = Math.max(sketch.there, 1); n <= steps; n += few) {
      const cost = costOf(n);
      rows.push({ volume: span(n, use)[0], cost, plan: words.machines });
      rows.push({ volume: span(n - 1 + few, use)[1], cost, plan: words.machines });
    }
    return rows;
  };
  const marks = ({ volume, price, use }) => [
    { volume, cost: cloudCost(volume, price), plan: words.cloud },
    { volume, cost: localCost(volume, use), plan: words.machines },
  ];

  const x = { field: "volume", type: "quantitative", title: words.x, scale: { domain: [0, given.most], nice: false } };
  const y = { field: "cost", type: "quantitative", title: words.y };
  const color = {
    field: "plan",
    scale: { domain: [words.machines, words.cloud], range: [colours.machines, colours.cloud] },
    legend: { orient: "top", title: null, symbolType: "stroke", symbolStrokeWidth: 3 },
  };
  const spec = (state) => ({
    width: "container",
    height: 260,
    background: "transparent",
    datasets: { lines: lines(state), marks: marks(state) },
    layer: [
      { data: { name: "lines" }, mark: { type: "line", strokeWidth: 2 }, encoding: { x, y, color } },
      { data: { name: "marks" }, mark: { type: "rule", color: colours.ink, strokeDash: [3, 3] }, encoding: { x } },
      {
        data: { name: "marks" },
        mark: { type: "point", filled: true, size: 90, opacity: 1 },
        encoding: { x, y, color },
      },
    ],
    config: {
      font: given.font,
      aria: false,
      view: { stroke: null },
      axis: {
        labelColor: colours.grey,
        titleColor: colours.grey,
        gridColor: colours.rule,
        domainColor: colours.grey,
        tickColor: colours.grey,
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: "normal",
      },
      axisX: { grid: false },
      legend: { labelColor: colours.ink, labelFontSize: 13 },
    },
  });

  const sliders = ["volume", "price", "use"].map((name) => part(name));
  const shown = { volume: numbers, price: factors, use: shares };
  const state = () => Object.fromEntries(sliders.map((slider) => [slider.dataset.name, Number(slider.value)]));

  const tell = () => {
    const now = state();
    for (const slider of sliders) {
      const { name } = slider.dataset;
      const value = fill(words[`${name}_value`], { value: shown[name].format(now[name]) });
      part(`${name}-value`).textContent = value;
      slider.setAttribute("aria-valuetext", value);
    }
    part("sentence").textContent = sentence(now);
  };

  const panel = part("panel");
  panel.hidden = false;
  document.getElementById("sliders-still")?.classList.add("paper-only");
  tell();

  const locale = {
    decimal: given.decimal,
    thousands: given.thousands,
    grouping: [3],
    currency: ["", ""],
  };
  window
    .kitEmbed(part("chart"), { $schema: "https://vega.github.io/schema/vega-lite/v6.json", ...spec(state()) }, {
      mode: "vega-lite",
      renderer: "svg",
      ast: true,
      actions: false,
      defaultStyle: false,
      tooltip: false,
      formatLocale: locale,
    })
    .then(({ view }) => {
      const draw = () => {
        const now = state();
        view.data("lines", lines(now)).data("marks", marks(now)).run();
      };
      for (const slider of sliders) {
        slider.addEventListener("input", () => {
          tell();
          draw();
        });
      }
      panel.dataset.ready = "true";
    });
})();
