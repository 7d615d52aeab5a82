// The token in the addresses of attachments, which the browser fetches by itself. It expires when the app ends,
// so whatever shows such an address must follow it.
class FileToken {
  value = $state("");
}

export const fileToken = new FileToken();
