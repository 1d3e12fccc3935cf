// Sends videos from the browser straight into the bucket: small ones in one request, large ones part by part.
// A part that fails is sent again by itself a few times, and then when asked to; what has arrived is not sent again.
"use strict";

const MOST_BYTES = 10 * 2 ** 30;
const TRIES = 4;
const root = document.querySelector("[data-upload]");
const token = root.querySelector("[name=csrf_token]").value;
const list = root.querySelector("[data-uploads]");
const input = root.querySelector("input[type=file]");
const day = root.querySelector("#date");

class Refused extends Error {}

const problemOf = (file) => {
  if (!/.\.(mp4|mov)$/i.test(file.name)) return "This is no MP4 or MOV file: save the recording as one of these.";
  if (file.size === 0) return "The file is empty: check that the recording is complete.";
  if (file.size > MOST_BYTES) return "The video has more than 10 GB: save it smaller, or cut it into parts.";
  return "";
};

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

const ask = async (path, fields) => {
  const body = new URLSearchParams({ csrf_token: token, ...fields });
  const answer = await fetch(root.dataset.upload + path, { method: "POST", body });
  if (!(answer.headers.get("Content-Type") || "").startsWith("application/json")) {
    throw new Refused(answer.status === 429 ? "There were too many uploads: wait a minute, then try again."
      : "The server did not take it: reload the page, and sign in again if it asks you to.");
  }
  const told = await answer.json();
  if (told.problem) throw new Refused(told.problem);
  return told;
};

const again = async (work) => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refused || attempt === TRIES) throw error;
      await pause(2 ** attempt);
    }
  }
};

class Upload {
  constructor(file) {
    this.file = file;
    this.etags = [];
    this.item = list.appendChild(document.createElement("li"));
    this.item.className = "card";
    this.label = this.item.appendChild(document.createElement("label"));
    this.text = this.label.appendChild(document.createElement("span"));
    this.bar = this.label.appendChild(document.createElement("progress"));
    this.bar.max = file.size || 1;
    this.bar.value = 0;
    this.tell("waits");
  }

  tell(text, isProblem = false) {
    this.text.textContent = `${this.file.name}: ${text}`;
    this.text.className = isProblem ? "problem" : "";
  }

  sent(bytes) {
    this.bar.value = bytes;
    this.tell(`${Math.floor((100 * bytes) / this.file.size)} %`);
  }

  // Resolves to where to go on to, or to nothing when the file was refused; after a failure it waits to be asked.
  async run() {
    const problem = problemOf(this.file);
    if (problem) return this.refuse(problem);
    for (;;) {
      try {
        this.ticket ??= await again(() => ask("", { name: this.file.name, size: this.file.size, date: day.value }));
        await (this.ticket.form ? this.inOne() : this.inParts());
        this.tell("is there");
        return this.ticket.then;
      } catch (error) {
        if (error instanceof Refused) return this.refuse(error.message);
        await this.askToGoOn(error.message);
      }
    }
  }

  refuse(problem) {
    this.bar.remove();
    this.tell(problem, true);
  }

  inOne() {
    const { form } = this.ticket;
    return again(() => send("POST", form.url, bodyOf(form, this.file), (bytes) => this.sent(Math.min(bytes, this.file.size))));
  }

  async inParts() {
    const { key, upload_id, part_bytes } = this.ticket;
    while (this.etags.length * part_bytes < this.file.size) {
      const start = this.etags.length * part_bytes;
      const part = this.file.slice(start, start + part_bytes);
      this.etags.push(await again(async () => {
        const { url } = await ask("/part", { key, upload_id, number: this.etags.length + 1 });
        return send("PUT", url, part, (bytes) => this.sent(start + bytes));
      }));
    }
    await again(() => ask("/finish", { key, upload_id, etags: JSON.stringify(this.etags) }));
  }

  askToGoOn(problem) {
    this.tell(`${problem} What has arrived is kept.`, true);
    const button = this.item.appendChild(document.createElement("button"));
    Object.assign(button, { type: "button", className: "btn btn-outline-secondary", textContent: "Go on" });
    return new Promise((done) => button.addEventListener("click", () => {
      button.remove();
      done();
    }));
  }
}

input.multiple = true;
root.querySelector("[data-multiple]").hidden = false;

root.querySelector("[data-videos]").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  list.replaceChildren();
  const uploads = [...input.files].map((file) => new Upload(file));
  const arrived = [];
  for (const upload of uploads) arrived.push(await upload.run());
  button.disabled = false;
  const there = arrived.filter(Boolean);
  if (there.length === 0) return;
  if (there.length === uploads.length) location.assign(there[0]);
  else list.insertAdjacentElement("afterend", linkTo(there[0]));
});

const linkTo = (address) => {
  const link = document.createElement("a");
  Object.assign(link, { href: address, textContent: "To the class, with the videos that are there" });
  return link;
};

// What is on its way is lost when the page is left.
addEventListener("beforeunload", (event) => {
  if (root.querySelector("[data-videos] button").disabled && list.querySelector("progress[value]")) {
    const isOnItsWay = [...list.querySelectorAll("progress")].some((bar) => bar.value > 0 && bar.value < bar.max);
    if (isOnItsWay) event.preventDefault();
  }
});
