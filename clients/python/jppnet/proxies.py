"""Proxies of the environment: which hosts they are not for, and what to say of one that httpx cannot use."""

from ipaddress import ip_address
from urllib.request import getproxies, proxy_bypass


def is_direct(host: str) -> bool:
    """Whether a host is asked without a proxy: this machine, or one that ``no_proxy`` names."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        if ip_address(host).is_loopback:
            return True
    except ValueError:
        pass
    return bool(proxy_bypass(host))


def unusable_proxy(error: Exception) -> str:
    """A sentence for a proxy of the environment that httpx refused with an error."""
    named = ", ".join(f"{kind}_proxy={address}" for kind, address in getproxies().items() if kind != "no")
    return (
        f"The environment names a proxy that cannot be used ({named or error}). http:// and https:// proxies can, and "
        "socks5:// ones after pip install 'httpx[socks]'. Change or unset that variable, or name the service's host in "
        "no_proxy."
    )
