/** Shows the API's own description with Swagger UI, served from here. */

/* global SwaggerUIBundle */
const root = document.documentElement;
const chosen = root.style.colorScheme; // by look.js
const isDark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
root.classList.toggle("dark-mode", isDark);
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger",
  deepLinking: !location.hash || location.hash.startsWith("#/"),
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tagsSorter: "alpha",
  validatorUrl: null,
  // What is filled in above moves the target away, and not every browser keeps its place
  onComplete: () => document.querySelector(":target")?.scrollIntoView(),
});
