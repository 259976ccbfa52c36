(() => {
  const chooser = document.getElementById("paper-chooser");
  const select = document.getElementById("paper-method");
  if (!select) return;
  chooser.hidden = false;
  const show = () => {
    for (const panel of document.querySelectorAll("[data-paper]")) {
      panel.hidden = panel.dataset.paper !== select.value;
    }
  };
  select.addEventListener("change", show);
  // A browser may bring back an earlier choice when the page is loaded again.
  show();
})();
