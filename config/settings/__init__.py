"""Django's settings, one file a subject; each reads the environment through `config.env`."""

from config.settings.admin import *
from config.settings.core import *
from config.settings.identity import *
from config.settings.logs import *
from config.settings.processes import *
from config.settings.product import *
from config.settings.security import *
from config.settings.storage import *
from config.settings.work import *
