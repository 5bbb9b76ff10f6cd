"""Official documents that never were, for the archive's benchmarks: the same ones every time."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

from archive.model import DocumentMetadata

TYPES = ["Quyết định", "Công văn", "Thông báo", "Báo cáo", "Kế hoạch", "Tờ trình", "Nghị quyết"]
SHORT = ["QĐ", "CV", "TB", "BC", "KH", "TTr", "NQ"]
AGENCIES = [
    f"Ủy ban nhân dân xã {name}"
    for name in ("Nghi Lộc", "Đông Hòa", "Tân Thủy", "Mỹ Đức", "Yên Bái")
]
SYLLABLES = [
    "về",
    "việc",
    "phê",
    "duyệt",
    "đề",
    "án",
    "chuyển",
    "đổi",
    "số",
    "xây",
    "dựng",
    "nông",
    "thôn",
    "mới",
    "bổ",
    "nhiệm",
    "điều",
    "động",
    "cán",
    "bộ",
    "công",
    "chức",
    "viên",
    "chức",
    "giao",
    "đất",
    "thu",
    "hồi",
    "giấy",
    "chứng",
    "nhận",
    "quyền",
    "sử",
    "dụng",
    "hỗ",
    "trợ",
    "hộ",
    "nghèo",
    "phòng",
    "chống",
    "thiên",
    "tai",
    "dịch",
    "bệnh",
    "kinh",
    "phí",
    "ngân",
    "sách",
    "nhà",
    "nước",
    "quản",
    "lý",
    "tài",
    "sản",
    "công",
    "khai",
    "minh",
    "bạch",
    "cải",
    "cách",
    "hành",
    "chính",
    "kiểm",
    "tra",
    "thanh",
    "tra",
    "giám",
    "sát",
    "tổ",
    "chức",
    "hội",
    "nghị",
    "triển",
    "khai",
    "thực",
    "hiện",
    "nhiệm",
    "vụ",
    "năm",
    "học",
    "kế",
    "hoạch",
    "đầu",
    "tư",
    "dự",
    "án",
    "đường",
    "giao",
    "thông",
    "thủy",
    "lợi",
]
RARE = [
    f"{a}{b}"
    for a in ("khoáng", "lâm", "ngư", "diêm", "thạch", "hải")
    for b in ("phong", "sương", "trầm", "nhuận", "quế")
]


def documents(count: int) -> Iterator[tuple[DocumentMetadata, tuple[str, ...]]]:
    chance = random.Random(30_2020)  # noqa: S311 - the same documents every time
    day = date(2020, 1, 1)
    for number in range(count):
        kind = chance.randrange(len(TYPES))
        words = [*chance.choices(SYLLABLES, k=14), chance.choice(RARE)]
        pages = ()
        if number % 10 == 0:
            pages = (" ".join(chance.choices(SYLLABLES, k=300)) + " " + chance.choice(RARE),)
        yield (
            DocumentMetadata(
                so_ky_hieu=f"{number % 2000 + 1}/{SHORT[kind]}-UBND",
                ngay_ban_hanh=day + timedelta(days=number * 2000 // count),
                co_quan_ban_hanh=chance.choice(AGENCIES),
                loai_van_ban=TYPES[kind],
                trich_yeu=" ".join(words),
                nguoi_ky="Nguyễn Văn " + chance.choice(["An", "Bình", "Hòa", "Đức"]),
            ),
            pages,
        )
