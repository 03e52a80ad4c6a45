"""The forms of the Account page, and the second step of signing in."""

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from app.web.forms import NEW_PASSWORD, repeated, stripped

_CODE = [DataRequired("Enter the code."), Length(max=100, message="At most 100 characters.")]


class SecondStepForm(FlaskForm):
    code = StringField("Code", _CODE, filters=[stripped])


class NameForm(FlaskForm):
    username = StringField(
        "Name",
        [DataRequired("Enter a name."), Length(max=100, message="At most 100 characters.")],
        filters=[stripped],
    )


class PasswordForm(FlaskForm):
    password = PasswordField(
        "Current password",
        [InputRequired("Enter your present password.")],
        id="present-password",  # another form beside it asks for the password too
    )
    new = PasswordField("New password", NEW_PASSWORD)
    confirm = PasswordField("New password again", repeated("new"))


class ProofForm(FlaskForm):
    """Both factors, before one of them is changed."""

    password = PasswordField("Password", [InputRequired("Enter your password.")])
    code = StringField("Code", _CODE, filters=[stripped])
