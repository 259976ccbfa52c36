(() => {
  const data = dataOf("explorer");
  const panel = document.getElementById("explorer-panel");
  if (!data || !panel) return;
  const part = (name) => document.getElementById(`explorer-${name}`);
  const [methods, pairs, slider, ticks] = ["method", "pair", "slider", "ticks"].map(part);
  const text = (value, digits = 2) =>
    value === null || value === undefined ? "n/a" : value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1");
  let wanted = null;

  const svgElement = (tag, css, attributes, content = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    if (css) element.setAttribute("class", css);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = content;
    return element;
  };
  // Ticks of the method's own grid; few are named, and the alpha of the board always.
  const drawTicks = (method, chosen) => {
    const last = Math.max(method.alphas.length - 1, 1);
    const at = (place) => `${100 * place / last}%`;
    const room = Math.max(2, Math.floor(ticks.clientWidth / 46));
    const every = Math.max(1, Math.ceil(method.alphas.length / room));
    ticks.replaceChildren();
    method.alphas.forEach((alpha, place) => {
      ticks.append(svgElement("line", "", { x1: at(place), x2: at(place), y1: 0, y2: 5 }));
      const isNear = chosen !== null && place !== chosen && Math.abs(place - chosen) < every;
      if (place === chosen || (place % every === 0 && !isNear)) {
        ticks.append(svgElement("text", place === chosen ? "chosen middle" : "tick middle", { x: at(place), y: 17 }, alpha));
      }
    });
    if (chosen !== null) {
      const mark = svgElement("svg", "", { x: at(chosen), y: 0, width: 1, height: 10, overflow: "visible" });
      mark.append(svgElement("path", "chosen", { d: "M-5 -2 L5 -2 L0 7 Z" }));
      const anchor = chosen > last / 2 ? "end" : "start";
      ticks.append(mark, svgElement("text", "tick", { x: at(chosen), y: 31, "text-anchor": anchor }, "on the board"));
    }
  };

  const share = (value, [low, high]) => 100 * Math.min(1, Math.max(0, (value - low) / (high - low)));
  const setBar = (bar, value, axis) => {
    const zero = share(0, axis), end = value === null || value === undefined ? zero : share(value, axis);
    bar.setAttribute("x", Math.min(zero, end));
    bar.setAttribute("width", Math.abs(end - zero));
  };
  const fill = (table, source, output, axis) => {
    [...table.tBodies[0].rows].forEach((row, place) => {
      setBar(row.querySelector(".bar-source"), source[place], axis);
      setBar(row.querySelector(".bar-output"), output[place], axis);
      row.cells[2].textContent = text(source[place], data.digits);
      row.cells[3].textContent = text(output[place], data.digits);
    });
  };
  const minus = (values, neutral) =>
    neutral.map((own, place) => (own === null || (values[place] ?? null) === null ? null : values[place] - own));
  const setPicture = (role, image, caption, reason) => {
    const item = part(role);
    let shown = item.querySelector("img");
    if (!shown) item.prepend(shown = document.createElement("img"));
    item.querySelector(".caption").textContent = caption;
    shown.alt = caption;
    showImage(shown, image, data.refusal || reason || "no picture stored");
  };

  const show = () => {
    const method = data.methods[methods.value], pair = data.pairs[pairs.value];
    const outputs = method.outputs[pairs.value], place = Math.min(Number(slider.value), outputs.length - 1);
    const chosen = method.chosen[pairs.value];
    const [image, outcome, skill, retention, error, toTarget, toSource, units = []] = outputs[place];
    const hasAlpha = method.alphas.length > 0;
    const alpha = hasAlpha ? method.alphas[place] : "none";
    part("alpha").textContent = alpha + (hasAlpha && place === chosen ? " (on the board)" : "");
    slider.setAttribute("aria-valuetext", part("alpha").textContent);
    part("shown").textContent = `${pair.name}, by ${method.name}`;
    setPicture("source", pair.images[0], "source");
    setPicture("target", pair.images[1], "target, neutral face");
    part("mean").hidden = !hasAlpha;
    if (hasAlpha) {
      const mean = method.zero === null ? ["", "alpha 0 was not run"] : outputs[method.zero];
      setPicture("mean", mean[0], "mean face: output at alpha 0", mean[1]);
    }
    setPicture("output", image, hasAlpha ? `output, alpha ${alpha}` : "output", outcome);
    const scores = [skill, retention, error].map((value) => text(value));
    part("scores").querySelectorAll("b").forEach((element, which) => { element.textContent = scores[which]; });
    part("scores").hidden = Boolean(outcome);
    part("outcome").hidden = !outcome;
    part("outcome").querySelector("b").textContent = outcome;
    fill(part("readings"), pair.source, units, data.axes[0]);
    fill(part("changes"), minus(pair.source, pair.neutrals[0]), minus(units, pair.neutrals[1]), data.axes[1]);
    [toTarget, toSource].forEach((value, which) => {
      const row = part("distances").tBodies[0].rows[which], ends = pair.distances[which];
      setBar(row.querySelector(".bar-output"), value, data.axes[2]);
      row.querySelectorAll(".bars-mark").forEach((mark, end) => {
        mark.setAttribute("x", ends[end] === null ? -9 : share(ends[end], data.axes[2]) - 0.4);
      });
      [value, ...ends].forEach((one, column) => { row.cells[2 + column].textContent = text(one); });
    });
    return `${hasAlpha ? `alpha ${part("alpha").textContent}: ` : ""}` +
      (outcome || `E ${scores[0]}, to the target ${text(toTarget)}, to the source ${text(toSource)}`);
  };

  // Said once the reader has stopped moving.
  let waiting;
  const tell = (said) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => say(said), 700);
  };
  const choose = () => {
    const method = data.methods[methods.value], chosen = method.chosen[pairs.value];
    slider.disabled = method.alphas.length < 2;
    slider.max = Math.max(method.alphas.length - 1, 0);
    // The alpha stays, or the nearest of this grid; until one was chosen, that of the board.
    let nearest = chosen ?? 0;
    if (wanted !== null) {
      const away = method.alphas.map((alpha) => Math.abs(alpha - wanted));
      nearest = Math.max(0, away.indexOf(Math.min(...away)));
    }
    slider.value = nearest;
    drawTicks(method, chosen);
    return show();
  };
  methods.addEventListener("change", () => tell(choose()));
  pairs.addEventListener("change", () => tell(choose()));
  slider.addEventListener("input", () => {
    wanted = Number(data.methods[methods.value].alphas[slider.value]);
    tell(show());
  });
  panel.querySelector(".explorer-controls").hidden = false;
  addEventListener("resize", () => drawTicks(data.methods[methods.value], data.methods[methods.value].chosen[pairs.value]));
  choose();
})();
