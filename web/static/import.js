// Sends the form that does some more lines, as its button would, until the page says that all are done.
"use strict";

document.querySelector("[data-go]").requestSubmit();
