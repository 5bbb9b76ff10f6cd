"""Decisions as they leave the typist: number and date blank."""

import json
import shutil

from office.samples import FOLDER
from signer.typeset import Typesetter

NAME = "01-quyet-dinh-quy-che-chu-ky-so"
NUMBER = "[Số: #tt.so_ky_hieu]"
DATE = "[#tb.dia_danh, #ngay-thang(tt.ngay_ban_hanh)]"
BLANK_NUMBER = "[Số: #h(34pt)/QĐ-UBND]"
BLANK_DATE = "[#tb.dia_danh, ngày #h(22pt) tháng #h(22pt) năm 2026]"


def blank_paper(folder, *, name=NAME, number=BLANK_NUMBER, date=BLANK_DATE):
    """A real layout of Nghị định 30, tagged PDF/A-2b, without number and date."""
    folder.mkdir(exist_ok=True)
    shutil.copy(FOLDER / f"{name}.typ", folder)
    form = (FOLDER / "nd30.typ").read_text("utf-8")
    assert NUMBER in form
    assert DATE in form
    (folder / "nd30.typ").write_text(form.replace(NUMBER, number).replace(DATE, date), "utf-8")
    facts = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    data = {"fields": facts, "trinh_bay": facts["trinh_bay"]}
    return Typesetter().typeset(folder / f"{name}.typ", data, archival=True)
