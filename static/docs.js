/** Shows the API's own description with Swagger UI, served from here. */

/* global SwaggerUIBundle */
const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.classList.toggle("dark-mode", isDark);
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
