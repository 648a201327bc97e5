"use strict";
const tabs = [...document.querySelectorAll("[role=tab]")];
function show(tab) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", chosen);
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
  }
}
const steps = { ArrowRight: 1, ArrowLeft: -1 };
tabs.forEach((tab, index) => {
  tab.addEventListener("click", () => show(tab));
  tab.addEventListener("keydown", (event) => {
    let next = null;
    if (event.key in steps) next = tabs[(index + steps[event.key] + tabs.length) % tabs.length];
    if (event.key === "Home") next = tabs[0];
    if (event.key === "End") next = tabs[tabs.length - 1];
    if (next) {
      event.preventDefault();
      show(next);
      next.focus();
    }
  });
});
if (tabs.length) show(tabs[0]);
const safe = document.getElementById("safe-colours");
if (safe) safe.addEventListener("change", () => document.body.classList.toggle("safe-colours", safe.checked));
