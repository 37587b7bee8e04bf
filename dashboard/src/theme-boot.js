// Runs before the first paint: without it a dark page would flash white.
(() => {
  let theme = "system";
  try {
    theme = localStorage.getItem("caxton.theme") ?? "system";
  } catch {
    // Storage may be forbidden; the system's choice is then as good.
  }
  const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
})();
