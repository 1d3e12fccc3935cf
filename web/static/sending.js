// Sends a body and tells how much of it has gone: XMLHttpRequest, since fetch does not tell.
"use strict";

const send = (method, url, body, onSent) => new Promise((done, fail) => {
  const request = new XMLHttpRequest();
  request.open(method, url);
  request.upload.onprogress = (event) => onSent(event.loaded);
  request.onload = () => (request.status < 300 ? done(request.getResponseHeader("ETag"))
    : fail(new Error(`The bucket answered ${request.status}.`)));
  request.onerror = () => fail(new Error("The connection broke."));
  request.send(body);
});

// A form that the server has signed, and the file that goes with it: S3 wants the file last.
const bodyOf = (form, file) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
  body.append("file", file);
  return body;
};
