/** The charts of a panel as an image: its name, the period and the filters in words, and each mark and word where it is seen. */

const CHARTS = ".chart, .bars, .tiles, .histogram";
/** One below the other, without what is between them on the screen: fields, and links to more. */
const PARTS = `${CHARTS}, .legend, h3, p.quiet.small`;
const SCALE = 2;
const MARGIN = 16;
const GAP = 12;
const LINE = 20;
const NO_COLOUR = "rgba(0, 0, 0, 0)";

/** @typedef {CanvasRenderingContext2D} Pen */

/**
 * @param {HTMLElement} panel
 * @param {string} title
 * @param {string} words of which visits it speaks
 * @returns {Promise<Blob | null>} null: there is no chart in it
 */
export function pictureOf(panel, title, words) {
  const parts = [...panel.querySelectorAll(PARTS)].filter((part) => !part.closest("[hidden], details"));
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  if (!pen || !parts.some((part) => part.matches(CHARTS))) return Promise.resolve(null);
  const { width } = panel.getBoundingClientRect();
  const { fontFamily, color, backgroundColor } = getComputedStyle(panel);
  const small = `${LINE * 0.65}px ${fontFamily}`;
  pen.font = small;
  const lines = linesOf(pen, words, width - 2 * MARGIN);
  const top = MARGIN + (1.4 + lines.length) * LINE + GAP;
  const height = parts.reduce((sum, part) => sum + part.getBoundingClientRect().height + GAP, top);
  [canvas.width, canvas.height] = [width * SCALE, (height + MARGIN) * SCALE];
  pen.scale(SCALE, SCALE);
  pen.fillStyle = backgroundColor;
  pen.fillRect(0, 0, width, height + MARGIN);
  pen.fillStyle = color;
  pen.font = `600 ${LINE * 0.8}px ${fontFamily}`;
  pen.fillText(title, MARGIN, MARGIN + LINE * 0.8);
  pen.font = small;
  lines.forEach((line, place) => pen.fillText(line, MARGIN, MARGIN + (2.2 + place) * LINE));
  drawParts(pen, parts, panel.getBoundingClientRect().left, top);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** @param {Pen} pen @param {readonly Element[]} parts @param {number} left @param {number} top */
function drawParts(pen, parts, left, top) {
  let place = top;
  for (const part of parts) {
    const box = part.getBoundingClientRect();
    pen.save();
    pen.translate(-left, place - box.top);
    for (const each of [part, ...part.querySelectorAll("*")]) drawBox(pen, each);
    drawWords(pen, part);
    pen.restore();
    place += box.height + GAP;
  }
}

/** @param {Pen} pen @param {string} words @param {number} width @returns {string[]} */
function linesOf(pen, words, width) {
  /** @type {string[]} */
  const lines = [];
  for (const word of words.split(" ").filter(Boolean)) {
    const [first = "", ...rest] = piecesOf(pen, word, width);
    const longer = `${lines.at(-1) ?? ""} ${first}`.trim();
    if (lines.length && pen.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(first);
    lines.push(...rest);
  }
  return lines;
}

/** A word as it is, or as many pieces as it takes lines. @param {Pen} pen @param {string} word @param {number} width @returns {string[]} */
function piecesOf(pen, word, width) {
  const pieces = [];
  let piece = "";
  for (const sign of word) {
    if (piece && pen.measureText(piece + sign).width > width) {
      pieces.push(piece);
      piece = "";
    }
    piece += sign;
  }
  return [...pieces, piece];
}

/** @param {Pen} pen @param {Element} each */
function drawBox(pen, each) {
  const { left, top, width, height } = each.getBoundingClientRect();
  if (each instanceof HTMLCanvasElement) pen.drawImage(each, left, top, width, height);
  else if (each instanceof SVGPathElement) drawPath(pen, each);
  else {
    const { fill, opacity, backgroundColor, borderTopLeftRadius } = getComputedStyle(each);
    if (each instanceof SVGRectElement) filled(pen, fill, [left, top, width, height], 0, Number(opacity));
    else if (each instanceof HTMLElement && backgroundColor !== NO_COLOUR) {
      filled(pen, backgroundColor, [left, top, width, height], parseFloat(borderTopLeftRadius));
    }
    drawSample(pen, each);
  }
}

/** @param {Pen} pen @param {string} colour @param {[number, number, number, number]} box @param {number} radius */
function filled(pen, colour, box, radius, opacity = 1) {
  pen.fillStyle = colour;
  pen.globalAlpha = opacity;
  pen.beginPath();
  pen.roundRect(...box, radius);
  pen.fill();
  pen.globalAlpha = 1;
}

/** A line in a bar: its width is the screen's, however the bar is stretched. @param {Pen} pen @param {SVGPathElement} each */
function drawPath(pen, each) {
  const { stroke, strokeWidth, strokeDasharray } = getComputedStyle(each);
  const matrix = each.getScreenCTM();
  if (!matrix) return;
  const path = new Path2D();
  path.addPath(new Path2D(each.getAttribute("d") ?? ""), matrix);
  drawLine(pen, path, stroke, parseFloat(strokeWidth), strokeDasharray.split(",").map(parseFloat));
}

/** The line before a word of a legend. @param {Pen} pen @param {Element} each */
function drawSample(pen, each) {
  const { content, borderTopWidth, borderTopColor, borderTopStyle, width } = getComputedStyle(each, "::before");
  if (content === "none" || !each.matches(".legend > li")) return;
  const { left, top, height } = each.getBoundingClientRect();
  const path = new Path2D();
  path.moveTo(left, top + height / 2);
  path.lineTo(left + parseFloat(width), top + height / 2);
  drawLine(pen, path, borderTopColor, parseFloat(borderTopWidth), borderTopStyle === "dashed" ? [6, 4] : []);
}

/** @param {Pen} pen @param {Path2D} path @param {string} colour @param {number} width @param {readonly number[]} dashes */
function drawLine(pen, path, colour, width, dashes) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dashes.filter((dash) => dash > 0));
  pen.stroke(path);
  pen.setLineDash([]);
}

/** Word by word, for a text may have several lines, and sign by sign where a long word has. @param {Pen} pen @param {Element} part */
function drawWords(pen, part) {
  const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (texts.nextNode()) {
    const { currentNode: node } = texts;
    const holder = node.parentElement;
    if (!holder || holder.closest(".visually-hidden")) continue;
    const { fontStyle, fontWeight, fontSize, fontFamily, color } = getComputedStyle(holder);
    pen.font = `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;
    pen.fillStyle = color;
    for (const { 0: word, index } of (node.textContent ?? "").matchAll(/\S+/g)) drawWord(pen, range, node, word, index);
  }
}

/** @param {Pen} pen @param {Range} range @param {Node} node @param {string} word @param {number} start */
function drawWord(pen, range, node, word, start) {
  range.setStart(node, start);
  range.setEnd(node, start + word.length);
  const signs = [...word];
  if (signs.length > 1 && range.getClientRects().length > 1) {
    let at = start;
    for (const sign of signs) {
      drawWord(pen, range, node, sign, at);
      at += sign.length;
    }
    return;
  }
  const { left, top, height } = range.getBoundingClientRect();
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = pen.measureText(word);
  pen.fillText(word, left, top + (height - above - below) / 2 + above);
}
