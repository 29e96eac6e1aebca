"""How well the texts of a page can be read, in the browser."""

# Every text that is shown, with the ratio of its colour to what lies behind it (WCAG 2.1, contrast ratio).
CONTRAST = """() => {
  const pen = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d", {willReadFrequently: true});
  const channels = (colour) => {
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const over = [];
    for (let at = element; at; at = at.parentElement) {
      const ground = channels(getComputedStyle(at).backgroundColor);
      over.push(ground);
      if (ground[3] > 250) break;
    }
    return over.reverse().reduce((below, [r, g, b, a]) => [r, g, b].map((v, at) => (v * a + below[at] * (255 - a)) / 255), [255, 255, 255]);
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !element.getClientRects().length || element.closest("script, option")) continue;
    const style = getComputedStyle(element);
    const [one, other] = [channels(element.closest("svg") ? style.fill : style.color), behind(element)].map(light);
    found.push([(Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), walk.currentNode.textContent.trim()]);
  }
  return found;
}"""
