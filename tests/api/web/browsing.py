"""A browser without a screen: keeps cookies, sends the forms that it was shown."""

import re
from html import unescape
from html.parser import HTMLParser

import httpx

PASSWORD = "mật-khẩu-của-tôi"


class Page(HTMLParser):
    """What a page says and asks for."""

    def __init__(self, response):
        super().__init__()
        self.response = response
        self.status = response.status_code
        self.forms, self.links, self.images, self.words, self._hidden = [], [], [], [], 0
        self.elements = []
        self.feed(response.text)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        attrs = {k: (v or "") for k, v in attrs}
        self.elements.append((tag, attrs))
        if tag in ("script", "style"):
            self._hidden += 1
        elif tag == "form":
            self.forms.append(
                {"action": attrs.get("action"), "method": attrs.get("method"), "fields": {}}
            )
        elif tag in ("input", "select", "button") and self.forms:
            kind = attrs.get("type")
            if "name" in attrs and not (kind in ("radio", "checkbox") and "checked" not in attrs):
                if tag == "button" or kind == "file":
                    return
                self.forms[-1]["fields"][attrs["name"]] = attrs.get("value", "")
                self._select = attrs["name"] if tag == "select" else None
        elif tag == "option" and self.forms and getattr(self, "_select", None):
            fields = self.forms[-1]["fields"]
            if "selected" in attrs or fields.get(self._select) == "":
                fields[self._select] = attrs.get("value", "")
        elif tag == "a":
            self.links.append(attrs.get("href"))
        elif tag == "img":
            self.images.append(attrs.get("src"))

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._hidden -= 1

    def handle_data(self, data):
        if not self._hidden:
            self.words.append(unescape(data))

    def form(self, action, method="post"):
        return next(f for f in self.forms if (f["action"], f["method"]) == (action, method))


class Browser:
    """Goes to pages and sends forms, as somebody without scripts does."""

    def __init__(self, address, **headers):
        self.client = httpx.Client(
            base_url=address,
            follow_redirects=True,
            timeout=60,
            headers={"accept": "text/html", "accept-language": "vi", **headers},
        )
        self.address = address

    def get(self, url, **headers):
        return Page(self.client.get(url, headers=headers))

    def send(self, page, action, /, files=None, *, follow=True, headers=None, **values):
        form = page.form(action)
        response = self.client.post(
            action,
            data={**form["fields"], **values},
            files=files,
            headers={"origin": self.address, "sec-fetch-site": "same-origin", **(headers or {})},
            follow_redirects=follow,
        )
        return Page(response)

    def log_in(self, account, password=PASSWORD):
        return self.send(self.get("/login"), "/login", account=account, password=password)

    def check(self, path, name=None):
        content = path if isinstance(path, bytes) else path.read_bytes()
        file = (name or getattr(path, "name", "x.pdf"), content, "application/pdf")
        return self.send(self.get("/verify"), "/verify", files={"file": file})
