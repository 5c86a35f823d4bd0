// Asks for the token that the node wants.
import { useEffect, useRef } from "preact/hooks";
import { setToken, token, tokenNeeded } from "../api/token";

export function TokenDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const keep = useRef<HTMLInputElement>(null);
  const open = tokenNeeded.value;
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
  }, [open]);
  const submit = (event: Event): void => {
    event.preventDefault();
    setToken(field.current?.value ?? "", keep.current?.checked ?? false);
    location.reload();
  };
  return (
    <dialog ref={dialog} class="keys-dialog" aria-labelledby="token-title" onClose={() => (tokenNeeded.value = false)}>
      <form class="sheet ask-token" onSubmit={submit}>
        <h2 id="token-title">{token() ? "This token is not known here" : "This node asks for a token"}</h2>
        <label>Token
          <input ref={field} type="password" autocomplete="off" spellcheck={false} placeholder="mr_…" required autofocus />
        </label>
        <label class="keep"><input ref={keep} type="checkbox" /> Keep it in this browser, not only in this tab</label>
        <p class="note">An admin makes one: <code>millrace token add NAME --role viewer</code></p>
        <button type="submit" class="tool">Go on</button>
      </form>
    </dialog>
  );
}
