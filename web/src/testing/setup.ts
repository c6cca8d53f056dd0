import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

// jsdom has the element but none of its methods.
HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) {
  this.open = false;
};

afterEach(() => {
  cleanup();
  window.localStorage.clear();
});
