// What is wrong with the looks of the page, a line for each fault. No picture is compared: fonts differ from computer to
// computer, and what people trip over can be told from where things are.
() => {
  const faults = [];
  const seen = (it) => it.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const about = (it) => `<${it.tagName.toLowerCase()} class="${it.className}"> ${it.textContent.trim().slice(0, 40)}`;
  const inkOf = (it, part) => {
    const { color, fontSize, fontWeight, opacity } = getComputedStyle(it, part);
    return { color, fontSize, fontWeight, opacity };
  };
  const scrolls = (it) => {
    for (let box = it; box && box !== document.body; box = box.parentElement)
      if (/auto|scroll/.test(getComputedStyle(box).overflow)) return true;
    return false;
  };
  const root = document.querySelector("[role=dialog]") ?? document.body;

  if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is ${document.documentElement.scrollWidth} wide`);

  const texts = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const parent = node.parentElement;
    if (!node.data.trim() || /STYLE|SCRIPT|OPTION|TEXTAREA/.test(parent.tagName) || !seen(parent)) continue;
    const style = getComputedStyle(parent);
    if (parent.closest(".skip, .unseen, .q-notifications, .nicegui-error-popup, [aria-hidden=true]")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rect = range.getBoundingClientRect();
    if (!rect.width) continue;
    const cut = style.textOverflow === "ellipsis";
    const scrolled = scrolls(parent);
    texts.push({ node, parent, rect, cut, scrolled });

    // Cut by a box that shows neither the rest nor that there is one
    for (let box = parent; box && box !== root; box = box.parentElement) {
      const its = getComputedStyle(box);
      if (/auto|scroll/.test(its.overflow)) break;
      if (!/hidden|clip/.test(its.overflowX + its.overflowY) || its.textOverflow === "ellipsis") continue;
      const edge = box.getBoundingClientRect();
      if (rect.bottom > edge.bottom + 2 || rect.top < edge.top - 2 || rect.right > edge.right + 2)
        faults.push(`cut: ${about(parent)}`);
    }
    // Out of its card or button
    const box = parent.closest(".btn, .chip, .badge, .card");
    if (box && !scrolled && !cut) {
      const edge = box.getBoundingClientRect();
      if (rect.right > edge.right + 1 || rect.left < edge.left - 1 || rect.bottom > edge.bottom + 1)
        faults.push(`sticks out of .${box.className}: ${about(parent)}`);
    }
    // Broken where it is not to be: in an option, in a short word
    for (const match of node.data.matchAll(/--[a-z]+|[A-Za-z]{2,16}/g)) {
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const lines = new Set([...range.getClientRects()].filter((it) => it.width).map((it) => Math.round(it.top)));
      const key = parent.closest(".mono") && !match[0].startsWith("-"); // has to be broken somewhere
      if (lines.size > 1 && !key) faults.push(`broken: ${match[0]} in ${about(parent)}`);
    }
  }

  // Too pale for what is behind it: contrast by WCAG 2 (1.4.3), which asks for 4.5, and for 3 where letters are large
  const brush = document.createElement("canvas").getContext("2d");
  const channels = (colour) => {
    brush.fillStyle = colour;
    const hex = brush.fillStyle.match(/^#(..)(..)(..)$/);
    return hex ? [...hex.slice(1).map((it) => parseInt(it, 16)), 1] : brush.fillStyle.match(/[\d.]+/g).map(Number);
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[3] * top[i] + (1 - top[3]) * below[i]);
  const behind = (it) => {
    if (!it) return channels(getComputedStyle(document.documentElement).colorScheme.includes("dark") ? "#121212" : "#fff");
    const own = channels(getComputedStyle(it).backgroundColor);
    return own[3] === 1 ? own : [...over(own, behind(it.parentElement)), 1];
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((it) => (it / 255 <= 0.04045 ? it / 255 / 12.92 : ((it / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const opacity = (it) => (it ? getComputedStyle(it).opacity * opacity(it.parentElement) : 1);
  const pale = (it, style, what) => {
    if (it.closest("[disabled], [aria-disabled=true], .disabled")) return;
    const ground = behind(it);
    const ink = channels(style.color);
    const lights = [light(over([...ink.slice(0, 3), ink[3] * style.opacity * opacity(it)], ground)), light(ground)];
    const contrast = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (contrast < (large ? 3 : 4.5)) faults.push(`pale: contrast ${contrast.toFixed(1)} of ${what}`);
  };
  for (const { parent } of texts) pale(parent, { ...inkOf(parent), opacity: 1 }, about(parent));
  for (const it of root.querySelectorAll("input, textarea"))
    if (seen(it) && it.placeholder) pale(it, inkOf(it, "::placeholder"), it.placeholder);

  // Over each other
  const solid = texts.filter((it) => !it.cut && !it.scrolled && !it.parent.closest(".q-field"));
  solid.forEach((one, i) =>
    solid.slice(i + 1).forEach((other) => {
      if (one.parent === other.parent || one.parent.contains(other.parent) || other.parent.contains(one.parent)) return;
      if (one.parent.closest("p") && one.parent.closest("p") === other.parent.closest("p")) return; // lines of one text
      const wide = Math.min(one.rect.right, other.rect.right) - Math.max(one.rect.left, other.rect.left);
      const high = Math.min(one.rect.bottom, other.rect.bottom) - Math.max(one.rect.top, other.rect.top);
      if (wide > 2 && high > 5) faults.push(`over each other: ${about(one.parent)} and ${about(other.parent)}`);
    }),
  );

  // Holes in cards, between two things in one
  for (const card of root.querySelectorAll(".card")) {
    if (!seen(card) || card.matches(".dialog")) continue;
    const rects = [...card.children].filter((it) => seen(it) && it.clientHeight).map((it) => it.getBoundingClientRect());
    rects.sort((a, b) => a.top - b.top);
    rects.slice(1).forEach((rect, i) => {
      const hole = rect.top - Math.max(...rects.slice(0, i + 1).map((it) => it.bottom));
      if (hole > 40) faults.push(`a hole of ${Math.round(hole)} in ${about(card)}`);
    });
  }

  // Charts without ink, and labels cut at the edge: then there is ink in the outermost pixels
  for (const canvas of root.querySelectorAll("canvas")) {
    if (!seen(canvas)) continue;
    const { width, height } = canvas;
    const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    const inked = (x, y) => pixels[(y * width + x) * 4 + 3] > 60;
    let left = 0, right = 0, bottom = 0, all = 0;
    for (let y = 0; y < height; y++) {
      left += inked(0, y);
      right += inked(width - 1, y);
      for (let x = 0; x < width; x += 7) all += inked(x, y);
    }
    for (let x = 0; x < width; x++) bottom += inked(x, height - 1);
    const chart = canvas.closest("article, section");
    if (!all) faults.push(`an empty chart in ${about(chart)}`);
    if (left || right || bottom) faults.push(`cut at the edge: the chart in ${about(chart)}`);
  }
  return faults;
};
