"use strict";
const valueOf = (cell) => cell.dataset.csv ?? cell.textContent;

// Numbers by size, texts by the alphabet, what is not there last in either direction.
const compared = (a, b, way) => {
  if (a === "" || b === "") return (a === "") - (b === "");
  const [x, y] = [Number(a), Number(b)];
  return way * (Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y);
};

const sort = (table, head, column) => {
  const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort(
    (a, b) => compared(valueOf(a.cells[column]), valueOf(b.cells[column]), way)));
};

const csv = (table) => [...table.rows]
  .map((row) => [...row.cells]
    .map((cell) => `"${valueOf(cell).replaceAll('"', '""')}"`).join(","))
  .join("\r\n") + "\r\n";

const download = (table) => {
  // The mark makes Excel read UTF-8.
  const address = URL.createObjectURL(new Blob(["\ufeff", csv(table)], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${table.id}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
};

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.dataset.csv ??= button.textContent;
    button.addEventListener("click", () => sort(table, head, column));
  });
}
for (const button of document.querySelectorAll("button.csv")) {
  button.hidden = false;
  button.addEventListener("click", () => download(document.getElementById(button.dataset.table)));
}
addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details")) each.open = true;
});
