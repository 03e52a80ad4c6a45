// What an eye, a keyboard or a screen reader would stumble over. Returns sentences.
() => {
  const problems = [];
  const say = (what, element) => {
    const name = element.id ? `#${element.id}` : element.className?.baseVal ?? element.className;
    problems.push(`${what}: <${element.tagName.toLowerCase()} ${name}> ${element.textContent.trim().slice(0, 40)}`);
  };
  const isSeen = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const isHidden = (element) => element.closest(".visually-hidden, .visually-hidden-focusable, thead");

  // Colours, in whatever notation the style has them.
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  const parse = (colour) => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((value, i) => value * a + below[i] * (1 - a));
  const ground = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      const layer = parse(getComputedStyle(each).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !isSeen(element) || isHidden(element)) continue;
    if (element.closest("noscript, option, :disabled")) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const back = ground(element);
    const found = contrast(over(parse(style.color), back), back);
    if (found < needed) say(`contrast ${found.toFixed(2)}`, element);
  }

  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!field.labels?.length && !field.ariaLabel) say("no label", field);
  }
  for (const control of document.querySelectorAll("a[href], button, summary")) {
    const name = control.ariaLabel || control.textContent.trim() || control.querySelector("img[alt]")?.alt;
    if (!name) say("no name", control);
  }
  for (const element of document.querySelectorAll("[aria-describedby], [aria-labelledby]")) {
    for (const attribute of ["aria-describedby", "aria-labelledby"]) {
      for (const id of (element.getAttribute(attribute) ?? "").split(/\s+/).filter(Boolean)) {
        if (!document.getElementById(id)) say(`${attribute} points at nothing (${id})`, element);
      }
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids)) {
    if (ids.filter((each) => each === id).length > 1) problems.push(`id used twice: ${id}`);
  }
  for (const use of document.querySelectorAll("svg.icon use")) {
    const box = use.getBBox();
    if (isSeen(use.ownerSVGElement) && !box.width && !box.height) {
      problems.push(`an icon is empty: ${use.getAttribute("href")}`);
    }
  }
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) problems.push(`${wide} px wider than the window`);
  if (document.querySelectorAll("h1").length !== 1) problems.push("not exactly one h1");
  return problems;
}
