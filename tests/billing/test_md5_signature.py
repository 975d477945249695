"""The signature of epay and epusdt, by published and computed vectors."""

from __future__ import annotations

import pytest

from billing import md5_signature

KEY = "WWc3Z2jkK7jhNGPALcGKjHLPK47wRK85"
NOTIFY = {
    "money": "1.00",
    "name": "VIP会员",
    "out_trade_no": "20160806151343349",
    "pid": "1001",
    "trade_no": "20160806151343349021",
    "trade_status": "TRADE_SUCCESS",
    "type": "alipay",
}


@pytest.mark.parametrize(
    ("values", "signature"),
    [
        (
            {
                "money": "1.00", "name": "VIP会员", "notify_url": "http://www.pay.com/notify_url.php", "out_trade_no": "20160806151343349",
                "pid": "1001", "return_url": "http://www.pay.com/return_url.php", "type": "alipay", "sitename": "", "param": "",
            },
            "2ce6f9dfe770d031edccbef9245d78a4",
        ),
        (NOTIFY, "2ab92e29ef5dffc99357fb7ddbba2a5f"),
        (NOTIFY | {"name": "quota 10 & 20%=ok", "param": "a b+c"}, "0fed987a7b5fd9200fba3cace14f0a27"),
        (NOTIFY | {"param": "0"}, "5a0d9dc3671642778d3dc8bb368c3d98"),
    ],
)  # fmt: skip
def test_epay_vectors(values: dict[str, str], signature: str) -> None:
    assert md5_signature.sign(values, key=KEY) == signature
    assert md5_signature.sign(values | {"sign": "x", "sign_type": "MD5"}, key=KEY) == signature
    assert md5_signature.is_signed(values, signature.upper(), key=KEY)
    assert not md5_signature.is_signed(values | {"money": "2.00"}, signature, key=KEY)


def test_epusdts_own_vector() -> None:
    values = {
        "order_id": "20220201030210321",
        "amount": "42",
        "notify_url": "http://example.com/notify",
        "redirect_url": "http://example.com/redirect",
    }
    assert md5_signature.sign(values, key="epusdt_password_xasddawqe") == "1cd4b52df5587cfb1968b0c0c6e156cd"


def test_an_empty_key_signs_nothing() -> None:
    """W1 and W7: with an empty key anybody could sign."""
    with pytest.raises(ValueError, match="empty"):
        md5_signature.sign(NOTIFY, key="")
    assert not md5_signature.is_signed(NOTIFY, "d41d8cd98f00b204e9800998ecf8427e", key="")


def test_signatures_that_php_takes_for_zero_are_not_equal() -> None:
    """W4: compared as text; `0e…` = `0e…` = 0 is a loose comparison's."""
    assert md5_signature.sign({}, key="240610708") == "0e462097431906509019562988736854"
    for equal_to_php in ("0e830400451993494058024219903391", "0", "0e0"):
        assert not md5_signature.is_signed({}, equal_to_php, key="240610708")
