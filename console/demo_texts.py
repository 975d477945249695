"""What the demo's shop says in Chinese; English is what stands in the fields themselves."""

from __future__ import annotations

from foundation.translations import Texts

SHOP: Texts = {
    "zh-hans": {"name": "演示商店", "announcement": "这是演示：请用沙盒付款，不会真正扣款。"},
    "zh-hant": {"name": "示範商店", "announcement": "這是示範：請用沙盒付款，不會真正扣款。"},
}
CATEGORY: Texts = {
    "zh-hans": {"name": "额度兑换码", "slug": "duihuanma", "description": "付款后立即发货，兑换后额度不过期。"},
    "zh-hant": {"name": "額度兌換碼", "slug": "duihuanma", "description": "付款後立即發貨，兌換後額度不過期。"},
}


def product(dollars: int) -> Texts:
    """Return the texts of a denomination."""
    return {
        "zh-hans": {
            "name": f"{dollars} 美元 API 额度", "slug": f"meiyuan-{dollars}", "summary": "付款后立即发货，额度不过期",
            "description": "适用于本店的**所有模型**。额度不会过期，用多少算多少。",
            "instructions": "登录后打开“兑换”，输入兑换码；然后在控制台新建一个密钥。",
        },
        "zh-hant": {
            "name": f"{dollars} 美元 API 額度", "slug": f"meiyuan-{dollars}", "summary": "付款後立即發貨，額度不過期",
            "description": "適用於本店的**所有模型**。額度不會過期，用多少算多少。",
            "instructions": "登入後開啟「兌換」，輸入兌換碼；然後在主控台新增一個金鑰。",
        },
    }  # fmt: skip
