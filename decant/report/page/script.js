"use strict";
// What moves on a report: the sliders of the thresholds, the choice of a label, and the ids behind a cell.

const data = JSON.parse(document.getElementById("data").textContent);

/** A figure as the page writes it: counts whole, alarms with one decimal, rates with three. */
function shown(value, key) {
  if (key === "hits" || key === "false_alarms") return value.toLocaleString("en-US");
  return value.toFixed(key === "false_per_1000" ? 1 : 3);
}

function connect(block) {
  const steps = data.steps[block.dataset.label];
  const control = block.querySelector("input[type=range]");
  const show = () => {
    for (const place of block.querySelectorAll("[data-shows]")) {
      place.textContent = shown(steps[place.dataset.shows][control.value], place.dataset.shows);
    }
    const over = steps.cap !== null && steps.fpr[control.value] > steps.cap;
    block.classList.toggle("over", over);
    control.setAttribute("aria-valuetext", "threshold " + shown(steps.threshold[control.value], "threshold"));
  };
  control.addEventListener("input", show);
  const reset = block.querySelector("[data-reset]");
  reset.addEventListener("click", () => {
    control.value = reset.dataset.reset;
    show();
  });
  control.value = reset.dataset.reset; // a browser may keep where it stood before a reload
  show();
}

const blocks = [...document.querySelectorAll(".slider")];
blocks.forEach(connect);

const which = document.getElementById("which");
if (which) {
  const choose = () => blocks.forEach((block) => (block.hidden = block.dataset.place !== which.value));
  which.addEventListener("change", choose);
  choose();
}

const panel = document.getElementById("ids");
let opened = null; // the button whose ids are shown

function close() {
  if (!opened) return;
  opened.setAttribute("aria-expanded", "false");
  panel.hidden = true;
  opened.focus();
  opened = null;
}

function open(button) {
  if (opened) opened.setAttribute("aria-expanded", "false");
  opened = button;
  button.setAttribute("aria-expanded", "true");
  const cell = data.cells[button.dataset.cell];
  const title = document.createElement("h3");
  title.textContent = `${cell.title}: ${cell.n.toLocaleString("en-US")}`;
  const end = document.createElement("button");
  end.type = "button";
  end.className = "plain";
  end.textContent = "close";
  end.addEventListener("click", close);
  const list = document.createElement("ul");
  for (const id of cell.ids) {
    const item = document.createElement("li");
    item.textContent = id;
    list.append(item);
  }
  const head = document.createElement("div");
  head.className = "row";
  head.append(title, end);
  panel.replaceChildren(head, list);
  if (cell.n > cell.ids.length) {
    const rest = document.createElement("p");
    rest.className = "note";
    rest.textContent = `and ${(cell.n - cell.ids.length).toLocaleString("en-US")} more`;
    panel.append(rest);
  }
  panel.hidden = false;
  panel.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
}

for (const button of document.querySelectorAll("button.cell")) {
  button.addEventListener("click", () => (opened === button ? close() : open(button)));
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
});
