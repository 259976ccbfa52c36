"use strict";
// For the scripts of the sections:
//   dataOf(name)                      the values of a section, or null
//   images                            data URIs of pictures by name
//   showImage(image, name, reason)    puts a picture into an <img>, or in its place why there is none
//   say(text)                         tells it to those who hear the page
//   <button class="copy" hidden>      copies the <code> beside it, or the one named by data-copy
//   <th data-sort="up">               sorts its table, at first up or down; data-value is what by
const dataOf = (name) => JSON.parse(document.getElementById(`data-${name}`)?.textContent ?? "null");
const images = dataOf("images");
const showImage = (() => {
  const unreadable = new Set(dataOf("unreadable"));
  const why = (name, reason) =>
    !name ? reason
      : unreadable.has(name) ? "the picture cannot be read" : "left out: the page would be too large";
  return (image, name, reason = "no image stored") => {
    const uri = images[name];
    const next = image.nextElementSibling;
    let placeholder = next?.hasAttribute("data-instead") ? next : null;
    image.hidden = !uri;
    if (uri) {
      image.src = uri;
    } else {
      image.removeAttribute("src");
      if (!placeholder) {
        placeholder = document.createElement("span");
        placeholder.className = "placeholder";
        placeholder.setAttribute("data-instead", "");
        image.after(placeholder);
      }
      placeholder.textContent = why(name, reason);
    }
    if (placeholder) placeholder.hidden = Boolean(uri);
  };
})();
const say = (() => {
  const said = document.getElementById("said");
  let waiting;
  return (text) => {
    said.textContent = text;
    clearTimeout(waiting);
    waiting = setTimeout(() => { said.textContent = ""; }, 4000);
  };
})();

(() => {
  for (const image of document.querySelectorAll("img[data-image]")) {
    showImage(image, image.dataset.image);
  }
})();

// Theme: as the system asks, light or dark. Printed pages are light.
(() => {
  const button = document.getElementById("theme");
  const dark = document.getElementById("dark");
  const themes = [["system", dark.media], ["light", "not all"], ["dark", "screen"]];
  let chosen = 0;
  button.hidden = false;
  button.addEventListener("click", () => {
    chosen = (chosen + 1) % themes.length;
    const [name, media] = themes[chosen];
    dark.media = media;
    button.textContent = `Theme: ${name}`;
    say(button.textContent);
  });
})();

// Sorting: each body of a table by itself, so that anchors stay apart.
(() => {
  const valueOf = (row, column) => row.cells[column]?.dataset.value ?? row.cells[column]?.textContent.trim() ?? "";
  const isGap = (text) => text === "" || text === "nan" || text === "–";
  const sort = (body, column, ascending) => {
    const rows = [...body.rows].filter((row) => !row.classList.contains("heading"));
    const texts = rows.map((row) => valueOf(row, column));
    const numeric = texts.every((text) => isGap(text) || !Number.isNaN(Number(text)));
    const order = rows.map((row, place) => ({ row, text: texts[place], value: Number(texts[place]) }));
    order.sort((a, b) => {
      if (isGap(a.text) || isGap(b.text)) return isGap(a.text) - isGap(b.text);
      const difference = numeric ? a.value - b.value : a.text.localeCompare(b.text, "en");
      return ascending ? difference : -difference;
    });
    body.append(...order.map((one) => one.row));
  };
  for (const head of document.querySelectorAll("th[data-sort]")) {
    const name = head.textContent.trim();
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const table = head.closest("table");
      const now = head.getAttribute("aria-sort");
      const ascending = now ? now !== "ascending" : head.dataset.sort === "up";
      for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      for (const body of table.tBodies) sort(body, head.cellIndex, ascending);
      say(`Sorted by ${name}, ${ascending ? "ascending" : "descending"}`);
    });
  }
})();

// Copying; where a browser forbids it, the text is selected.
(() => {
  for (const button of document.querySelectorAll("button.copy")) {
    const label = button.textContent;
    const code = button.dataset.copy
      ? document.getElementById(button.dataset.copy) : button.parentNode.querySelector("code");
    let waiting;
    const tell = (text) => {
      button.textContent = text;
      say(text);
      clearTimeout(waiting);
      waiting = setTimeout(() => { button.textContent = label; }, 2500);
    };
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        tell("Copied");
      } catch {
        const around = code.closest("details");
        if (around) around.open = true;
        getSelection().selectAllChildren(code);
        tell("Selected: press Ctrl+C");
      }
    });
  }
})();

// The contents say where the reader is.
(() => {
  const links = new Map();
  for (const link of document.querySelectorAll("nav a")) links.set(link.hash.slice(1), link);
  const seen = new Set();
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const name = entry.target.getAttribute("aria-labelledby");
      if (entry.isIntersecting) seen.add(name); else seen.delete(name);
    }
    const current = [...links.keys()].find((name) => seen.has(name));
    for (const [name, link] of links) {
      if (name === current) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  }, { rootMargin: "-10% 0px -60% 0px" });
  for (const section of document.querySelectorAll("main > section")) observer.observe(section);
})();

// On paper nothing can be opened.
(() => {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
})();
