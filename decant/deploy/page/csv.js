/** A table as CSV: commas, CRLF, UTF-8 with its mark, as spreadsheets read it. */

/** @param {(string | number)[][]} rows the first one names the columns */
export function csv(rows) {
  return `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

// decant/data/formulas.py again: what a spreadsheet would run, and what is no more than a number
const FORMULA = /^'*(?:[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])/u;
const NUMBER = /^[+-](?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/**
 * A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay as they are.
 * @param {string | number} value
 */
export function cell(value) {
  if (typeof value === "number") return String(value);
  const safe = FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * An answer as one cell, as `decant predict` writes it: | between labels, and before a | or \ of their own a \.
 * @param {string | string[]} answer
 */
export function joined(answer) {
  return typeof answer === "string" ? answer : answer.map((label) => label.replaceAll(/[\\|]/g, "\\$&")).join("|");
}

/** @param {string} text @param {string} name */
export function download(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // some browsers begin to read it later
}
