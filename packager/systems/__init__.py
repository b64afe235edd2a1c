"""Systems for boxes: made from an image build, signed by two people, brought to origins and sticks."""
