// In the head, so that the page is never drawn in the wrong colours first.
(function () {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function apply() {
    const wanted = root.dataset.theme;
    root.dataset.bsTheme = wanted === "auto" ? (dark.matches ? "dark" : "light") : wanted;
  }

  dark.addEventListener("change", apply);
  document.addEventListener("djinn:theme", apply);
  apply();
})();
