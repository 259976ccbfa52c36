(() => {
  const figure = document.getElementById("trade-off-figure");
  const data = dataOf("trade-off");
  if (!figure || !data) return;
  const card = document.getElementById("point-card");
  const picture = document.createElement("img");
  card.querySelector(".picture").append(picture);
  const reach = 18;
  let ring = null;
  for (const element of figure.querySelectorAll(".for-script")) element.hidden = false;

  // What single points show: [alpha, R, E, picture].
  const describe = ([alpha, retention, skill]) =>
    [alpha ? `alpha ${alpha}` : "", `R ${retention}, E ${skill}`];
  const groups = [...figure.querySelectorAll("[data-method]")];
  const pointAt = (place) => {
    figure.classList.toggle("pointing", place !== null);
    for (const group of groups) group.classList.toggle("pointed", Number(group.dataset.method) === place);
  };
  const hide = () => {
    card.hidden = true;
    pointAt(null);
    ring?.remove();
    ring = null;
  };
  const show = (mark) => {
    const [place, number] = mark.dataset.point.split(" ").map(Number);
    const method = data.methods[place];
    const point = method.points[number];
    const [alpha, scores] = describe(point);
    pointAt(place);
    card.querySelector(".name").textContent = method.name;
    card.querySelector(".alpha").textContent = alpha;
    card.querySelector(".scores").textContent = scores;
    picture.alt = `${method.name}${alpha ? `, ${alpha}` : ""}`;
    showImage(picture, point[3], data.reason);
    card.hidden = false;
    const box = mark.getBoundingClientRect(), around = figure.getBoundingClientRect();
    const x = box.x + box.width / 2 - around.x, y = box.y + box.height / 2 - around.y;
    const left = x + card.offsetWidth + 20 < around.width ? x + 16 : x - card.offsetWidth - 16;
    const top = Math.min(y + 12, around.height - card.offsetHeight);
    card.style.left = `${Math.max(0, Math.min(left, around.width - card.offsetWidth))}px`;
    card.style.top = `${Math.max(0, top)}px`;
    ring?.remove();
    ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    const inside = mark.getBBox();
    ring.setAttribute("class", "ring");
    ring.setAttribute("cx", inside.x + inside.width / 2);
    ring.setAttribute("cy", inside.y + inside.height / 2);
    ring.setAttribute("r", 9);
    mark.ownerSVGElement.append(ring);
    return `${method.name}, ${alpha ? `${alpha}, ` : ""}${scores}`;
  };

  const chosen = new Set();
  const isSeen = (mark) => !chosen.size || chosen.has(Number(mark.dataset.point.split(" ")[0]));
  for (const chart of figure.querySelectorAll(".wide, .narrow")) {
    const svg = chart.querySelector("svg");
    // A native tip would cover the card.
    for (const title of svg.querySelectorAll("title")) title.remove();
    const marks = [...svg.querySelectorAll("[data-point]")];
    const nearest = (event) => {
      let best = null, least = reach;
      for (const mark of marks) {
        if (!isSeen(mark)) continue;
        const box = mark.getBoundingClientRect();
        const away = Math.hypot(box.x + box.width / 2 - event.clientX, box.y + box.height / 2 - event.clientY);
        if (away < least) [best, least] = [mark, away];
      }
      return best;
    };
    const point = (event) => {
      const mark = nearest(event);
      if (mark) show(mark); else hide();
    };
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerdown", point);
    svg.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });

    // By keyboard: left and right along a curve, up and down between methods.
    const byMethod = new Map();
    for (const mark of marks) {
      const [place, number] = mark.dataset.point.split(" ").map(Number);
      if (!byMethod.has(place)) byMethod.set(place, new Map());
      byMethod.get(place).set(number, mark);
    }
    const places = [...byMethod.keys()].sort((a, b) => a - b);
    if (!places.length) continue;
    const numbersOf = (place) => [...byMethod.get(place).keys()].sort((a, b) => a - b);
    const startOf = (place) => {
      const numbers = numbersOf(place);
      const board = data.methods[place].points.findIndex((one) => one[0].endsWith("on the board"));
      return numbers.includes(board) ? board : numbers.at(-1);
    };
    let at = null;
    const go = (place, number) => {
      at = [place, number];
      say(show(byMethod.get(place).get(number)));
    };
    chart.classList.add("chart-keys");
    chart.tabIndex = 0;
    chart.setAttribute("role", "application");
    chart.setAttribute("aria-label", "Points of the chart: left and right arrow change alpha, up and down the method");
    chart.addEventListener("focus", () => {
      if (chart.matches(":focus-visible")) go(...(at ?? [places[0], startOf(places[0])]));
    });
    chart.addEventListener("blur", hide);
    chart.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { hide(); return; }
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const [place, number] = at ?? [places[0], startOf(places[0])];
      const shown = places.filter((one) => !chosen.size || chosen.has(one));
      if (step[0]) {
        const next = shown[(shown.indexOf(place) + step[0] + shown.length) % shown.length];
        go(next, startOf(next));
      } else {
        const numbers = numbersOf(place);
        const next = Math.max(0, Math.min(numbers.length - 1, numbers.indexOf(number) + step[1]));
        go(place, numbers[next]);
      }
    });
  }

  // The legend singles out methods.
  for (const item of figure.querySelectorAll("[data-legend]")) {
    const place = Number(item.dataset.legend);
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.append(...item.childNodes);
    item.append(button);
    button.addEventListener("click", () => {
      if (!chosen.delete(place)) chosen.add(place);
      button.setAttribute("aria-pressed", String(chosen.has(place)));
      figure.classList.toggle("has-chosen", chosen.size > 0);
      for (const group of groups) group.classList.toggle("chosen", chosen.has(Number(group.dataset.method)));
      hide();
    });
  }
})();
