// What is wrong with the looks of the page, a line for each fault. No picture is compared: fonts differ from computer to
// computer, and what people trip over can be told from where things are.
() => {
  const faults = [];
  const seen = (it) => it.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const about = (it) => `<${it.tagName.toLowerCase()} class="${it.className}"> ${it.textContent.trim().slice(0, 40)}`;
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

  // Over each other
  const solid = texts.filter((it) => !it.cut && !it.scrolled && !it.parent.closest(".q-field"));
  solid.forEach((one, i) =>
    solid.slice(i + 1).forEach((other) => {
      if (one.parent === other.parent || one.parent.contains(other.parent) || other.parent.contains(one.parent)) return;
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
